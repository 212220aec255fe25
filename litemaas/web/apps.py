from django.apps import AppConfig


class WebConfig(AppConfig):
    """What every portal page shares: the frame, the elements, the error pages."""

    name = "litemaas.web"
    label = "web"

    def ready(self) -> None:
        import litemaas.celery  # noqa: F401  binds shared tasks to the configured application
