from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal import bulk_limits
        from portal.backups import services as backups
        from portal.sync.comparing import register_job

        register_job()
        backups.register()
        bulk_limits.register_job()
