"""What the beat starts, and how often. Two beats double nothing: each task guards its own work."""

from typing import Any

from celery.schedules import crontab


def _every(seconds: int, task: str) -> dict[str, Any]:
    """A run that no worker took before the next one is due is dropped: the next one does its work."""
    return {"task": task, "schedule": float(seconds), "options": {"expires": seconds}}


def _daily(time: str, task: str) -> dict[str, Any]:
    """At a time of day (UTC) rather than after a day: a beat that is restarted more often than that would never."""
    hour, minute = time.split(":")
    return {"task": task, "schedule": crontab(hour=hour, minute=minute), "options": {"expires": 80_000}}


SCHEDULE = {
    "seal the audit record": _every(5, "accounts.tasks.seal_audit"),
    "book the pushed usage": _every(5, "usage.tasks.book_events"),
    "write sampled API calls into the record": _every(15, "accounts.tasks.write_api_accesses"),
    "pull the usage": _every(15, "usage.tasks.pull_usage"),
    "sweep the outbox": _every(60, "litellm_sync.tasks.sweep"),
    "ask providers about groups": _every(60, "accounts.tasks.check_groups"),
    "sweep the jobs": _every(60, "jobs.tasks.sweep_jobs"),
    "expire subscriptions": _every(60, "subscriptions.tasks.expire_subscriptions"),
    "tend the rotations of keys": _every(60, "apikeys.tasks.tend_rotations"),
    "send the mails": _every(60, "notifications.tasks.send_letters"),
    "end spend offsets of teams": _every(60, "teams.tasks.end_spend_offsets"),
    "look after invitations": _every(60, "teams.tasks.look_after_invitations"),
    "watch the budgets": _every(60, "usage.tasks.watch_budgets"),
    "forecast the budgets": _every(1800, "usage.tasks.forecast_budgets"),
    "count the quotas": _every(60, "usage.tasks.count_quotas"),
    "read the spend": _every(300, "litellm_sync.tasks.poll_spend"),
    "forget idempotent requests": _every(300, "litemaas.api.tasks.forget_idempotent_requests"),
    "sync the models": _every(600, "catalog.tasks.sync_models"),
    "sign the audit chain": _every(600, "accounts.tasks.sign_audit"),
    "pull daily sums of a gateway without logs": _every(900, "usage.tasks.pull_daily_sums"),
    "follow the reporting time zone": _every(600, "usage.tasks.follow_zone"),
    "make planned backups": _every(600, "portal.tasks.make_planned_backups"),
    "tell of refused changes": _every(600, "portal.tasks.tell_of_refusals"),
    "keep the audit tables": _every(3600, "accounts.tasks.keep_audit_tables"),
    "clean up expired keys": _every(3600, "apikeys.tasks.clean_up_expired_keys"),
    "tell of keys about to expire": _every(3600, "apikeys.tasks.tell_of_expiring_keys"),
    "compare portal and gateway": _every(3600, "litellm_sync.tasks.reconcile_gateway"),
    "re-read the last two days of usage": _daily("01:10", "usage.tasks.reread_usage"),
    "reconcile the usage": _daily("02:10", "usage.tasks.reconcile_usage"),
    "put old usage away": _daily("02:40", "usage.tasks.keep_usage_retention"),
    "renew what is sealed": _daily("03:10", "litemaas.api.tasks.renew_sealed_values"),
    "forget ended sign-ins": _daily("03:20", "accounts.tasks.forget_sign_ins"),
    "forget old findings": _daily("03:30", "litellm_sync.tasks.forget_old_findings"),
    "forget old jobs": _daily("03:40", "jobs.tasks.forget_old_jobs"),
    "forget old backups": _daily("04:00", "portal.tasks.forget_old_backups"),
    "forget old notifications": _daily("03:50", "notifications.tasks.forget_old_notifications"),
}
