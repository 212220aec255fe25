from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal.backups import services as backups
        from portal.sync.comparing import register_job

        register_job()
        backups.register()
