from django.apps import AppConfig


class LitellmSyncConfig(AppConfig):
    name = "litellm_sync"
    default_auto_field = "django.db.models.BigAutoField"
