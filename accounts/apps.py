from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import gateway, mirror
        from litellm_sync import registry

        registry.register("user", gateway.apply_user)
        registry.reconcile("user", mirror.USERS)
