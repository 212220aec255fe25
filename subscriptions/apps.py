from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.audit.naming import name_with
        from catalog.services import availability_changed, model_retired, restriction_changed
        from litemaas.web import frame
        from subscriptions import counts, following
        from subscriptions.models import Subscription

        name_with("SUBSCRIPTION", Subscription, "user__username", "model_id")
        availability_changed.register(following.follow_availability)
        restriction_changed.register(following.follow_restriction)
        model_retired.register(following.follow_retirement)
        frame.register_badge("/operations/subscriptions", counts.pending)
