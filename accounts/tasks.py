"""Celery entry points of accounts."""

from celery import shared_task
from django.utils import timezone

from accounts import group_checks, options, tokens
from accounts.audit import accesses, checkpoints, partitions, retention, sealing


@shared_task
def seal_audit() -> int:
    """Every few seconds: chain what was recorded since."""
    sealed = sealing.seal_new_rows(timezone.now())
    if sealed:
        sealing.tidy_search()
    return sealed


@shared_task
def write_api_accesses() -> int:
    """Every few seconds: put the sampled calls of the API into the record."""
    return accesses.write_waiting()


@shared_task
def sign_audit() -> int | None:
    """Sign where the chain ends, if it has grown."""
    checkpoint = checkpoints.sign_checkpoint(timezone.now())
    return checkpoint.seq if checkpoint else None


@shared_task
def keep_audit_tables() -> int:
    """Make the months ahead and take off those that are older than the retention. Returns how many rows went."""
    now = timezone.now()
    partitions.ensure_months_ahead(now)
    partitions.gather_statistics()
    retired = retention.retire_months(older_than_days=options.value("auditRetentionDays"), now=now)
    return sum(month.rows for month in retired)


@shared_task
def check_groups() -> int:
    """Each minute: ask providers about the groups of those whose turn it is. Returns how many were asked about."""
    return group_checks.check_due(now=timezone.now())


@shared_task
def forget_sign_ins() -> int:
    """Delete sign-ins and used-up tokens that nothing valid can refer to any more. Returns how many rows went."""
    return tokens.forget_expired(now=timezone.now())
