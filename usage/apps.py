from django.apps import AppConfig
from django.utils.translation import gettext_noop


class UsageConfig(AppConfig):
    name = "usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jobs.registry import register
        from litemaas.crypto import columns
        from usage.exports.files import JOB_KIND, run_export
        from usage.models import Webhook

        register(JOB_KIND, gettext_noop("Export of usage"), run_export)
        columns.register(columns.SealedColumn(Webhook, "sealed_secret", lambda row: f"webhook:{row.pk}"))
