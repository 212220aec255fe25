from django.apps import AppConfig
from django.utils.translation import gettext_noop


class UsageConfig(AppConfig):
    name = "usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jobs.registry import register
        from usage.exports.files import JOB_KIND, run_export

        register(JOB_KIND, gettext_noop("Export of usage"), run_export)
