from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.audit.naming import name_with
        from litemaas.web import frame
        from portal import bulk_limits
        from portal.backups import plan  # noqa: F401  declares its options
        from portal.backups import services as backups
        from portal.health import does_gateway_answer
        from portal.models import Banner
        from portal.sync.comparing import register_job

        name_with("BANNER", Banner, "name")
        register_job()
        backups.register()
        bulk_limits.register_job()
        frame.gateway_up.register(does_gateway_answer)
