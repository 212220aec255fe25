from django.apps import AppConfig
from django.utils.translation import gettext_noop


class UsageConfig(AppConfig):
    name = "usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from accounts.options import options_changed
        from apikeys.web.use import tell_use_with
        from jobs.registry import register
        from litemaas.crypto import columns
        from teams.listing import show_trend_with
        from usage import operators
        from usage.cubes.statements import plan_for_memory
        from usage.exports.files import JOB_KIND, run_export
        from usage.exports.long_answers import JOB_KIND as QUERY_JOB_KIND
        from usage.exports.long_answers import run_long_answer
        from usage.models import Webhook
        from usage.web.key import use_of_key
        from usage.web.team import spend_trend

        show_trend_with(spend_trend)
        tell_use_with(use_of_key)
        connection_created.connect(plan_for_memory, dispatch_uid="usage.plan_for_memory")
        register(JOB_KIND, gettext_noop("Export of usage"), run_export, page="/usage")
        register(QUERY_JOB_KIND, gettext_noop("Answer about usage"), run_long_answer, page="/usage")
        columns.register(columns.SealedColumn(Webhook, "sealed_secret", lambda row: f"webhook:{row.pk}"))

        register(operators.JOB_KIND, operators.JOB_LABEL, operators.run_rebuild, page="/operations/usage")
        register(
            operators.REREAD_JOB_KIND,
            operators.REREAD_JOB_LABEL,
            operators.run_reread,
            page="/operations/usage",
        )
        register(
            operators.ZONE_JOB_KIND,
            operators.ZONE_JOB_LABEL,
            operators.run_zone_change,
            page="/operations/usage",
        )
        options_changed.register(operators.follow_options)
