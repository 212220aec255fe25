from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import gateway, mirror, options
        from accounts.audit.naming import name_with
        from accounts.audit.refusals import record_refusal
        from accounts.credentials import ProviderGrant, SignIn
        from accounts.models import User
        from accounts.profile import keep_language, keep_theme
        from accounts.second_factors import SecondFactorColumn, record_changes
        from litellm_sync import registry
        from litemaas import currency
        from litemaas.crypto import columns
        from litemaas.refusals import refused
        from litemaas.web.preferences import language_chosen, theme_chosen

        currency.ask_with(lambda: options.currency_of(options.recent("currency")))
        registry.register("user", gateway.apply_user)
        registry.reconcile("user", mirror.USERS)
        columns.register(columns.SealedColumn(SignIn, "sealed_id_token", lambda row: f"sign-in {row.pk}"))
        columns.register(
            columns.SealedColumn(ProviderGrant, "sealed_token", lambda row: f"provider grant {row.pk}")
        )
        columns.register(SecondFactorColumn())
        record_changes()
        name_with("USER", User, "username")
        name_with("AUTH", User, "username")
        refused.register(record_refusal)
        language_chosen.register(keep_language)
        theme_chosen.register(keep_theme)
