from django.apps import AppConfig


class ApikeysConfig(AppConfig):
    name = "apikeys"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import portal_keys
        from accounts.audit.naming import name_with
        from accounts.services import activity_changed
        from apikeys import access, gateway, key_policy, mirror  # noqa: F401  the policy declares its options
        from apikeys.models import ApiKey, ApiKeySecret
        from apikeys.secrets import binding
        from apikeys.services.validating import find_holder, find_holder_by_id
        from apikeys.web.limits import shown_in_team
        from apikeys.web.team_keys import count_live
        from catalog.services import availability_changed
        from litellm_sync import registry
        from litemaas.crypto import columns
        from subscriptions.services import access_changed, many_ended, status_changed
        from teams.listing import count_keys_with, show_limits_with
        from teams.services import membership_changed, team_changed

        portal_keys.register_lookup(find_holder)
        portal_keys.register_lookup_by_id(find_holder_by_id)
        registry.register_many("key", gateway.prepare_keys)
        registry.reconcile("key", mirror.MIRROR)
        status_changed.register(access.follow_subscription)
        access_changed.register(access.follow_subscriptions)
        many_ended.register(access.follow_ends)
        availability_changed.register(access.follow_availability)
        activity_changed.register(access.follow_activity)
        membership_changed.register(access.follow_membership)
        team_changed.register(access.follow_team)
        name_with("API_KEY", ApiKey, "name")
        count_keys_with(count_live)
        show_limits_with(shown_in_team)
        columns.register(
            columns.SealedColumn(ApiKeySecret, "sealed", lambda row: binding(row.api_key_id), ("api_key_id",))
        )
