"""Usage of gateways that keep no request logs (`disable_spend_logs`): from their daily activity.

A UTC day is counted from one source only: from logs when any of its calls came as such, else from the gateway's sums.
As sums may be there some seconds before the logs, a day is counted from them only when its logs were read in vain after
its sums had been seen for a while. Rows of the log that come for such a day are set aside. Sums grow during the day;
each reading books what is more than was booked before, at noon UTC of the day, as the gateway tells no time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db import connection, transaction

from litellm_sync.client import gateway
from litemaas.locks import hold_until_commit
from usage import daily
from usage.daily import DailySums, OfKeyAndModel
from usage.ledger import LOCK, Counts, write_calls
from usage.models import SummedDay, UsageCursor, UsageLog
from usage.rows import SOURCE, About, Call, identity_of

DAILY_SOURCE = "litellm-daily"
# A gateway may write its logs this much later than its sums.
_PATIENCE = timedelta(minutes=10)
_RECENT_DAYS = 3


@dataclass(frozen=True, slots=True)
class _Line:
    token_hash: str
    model: str
    status: str
    sums: DailySums

    @property
    def requests(self) -> int:
        return self.sums.requests if self.status == "success" else self.sums.failures


def pull_daily_sums(now: datetime) -> Counts:
    """Book the last days of a gateway without logs. Nothing happens while it has logs. Raises the gateway's errors."""
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=_RECENT_DAYS - 1)
    days = [first + timedelta(days=n) for n in range(_RECENT_DAYS)]
    waiting = [day for day in days if not _has_logs(day)]
    SummedDay.objects.filter(day__in=set(days) - set(waiting), is_counted=False).delete()
    if not waiting:
        return Counts()
    told = daily.by_key_and_model(gateway(), waiting[0], waiting[-1])
    counts = Counts()
    for day in waiting:
        sums = told.get(day, {})
        # A gateway that logs no failures still logs what succeeds later that day.
        if any(one.requests for one in sums.values()) or (sums and day < today):
            counts += _book_day(day, sums, now)
    return counts


def _has_logs(day: date) -> bool:
    start = datetime.combine(day, time(), UTC)
    calls = UsageLog.objects.filter(started_at__gte=start, started_at__lt=start + timedelta(days=1))
    return calls.filter(source=SOURCE).exists()


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


@transaction.atomic
def _book_day(day: date, sums: OfKeyAndModel, now: datetime) -> Counts:
    # What is booked must not move between reading it and adding to it.
    hold_until_commit(LOCK)
    seen, _ = SummedDay.objects.get_or_create(day=day, defaults={"since": now})
    if _has_logs(day) or not (seen.is_counted or _is_without_logs(seen)):
        return Counts()
    SummedDay.objects.filter(pk=day).update(is_counted=True)
    calls = list(_calls(day, sums))
    added, _ = write_calls(calls, now=now, source=DAILY_SOURCE) if calls else (0, 0)
    return Counts(read=len(calls), added=added, known=len(calls) - added)


def _is_without_logs(seen: SummedDay) -> bool:
    """Whether all that there is was read long enough after the sums were seen."""
    return UsageCursor.objects.filter(source=SOURCE, position__gte=seen.since + _PATIENCE).exists()


_BOOKED = """
SELECT token_hash, model, status, sum(requests)::bigint, coalesce(sum(prompt_tokens), 0)::bigint,
    coalesce(sum(completion_tokens), 0)::bigint, coalesce(sum(total_tokens), 0)::bigint,
    coalesce(sum(cached_tokens), 0)::bigint, coalesce(sum(cost), 0)
FROM usage_logs WHERE started_at = %s AND source = %s GROUP BY 1, 2, 3
"""


def _calls(day: date, sums: OfKeyAndModel) -> Iterator[Call]:
    with connection.cursor() as cursor:
        cursor.execute(_BOOKED, [_noon(day), DAILY_SOURCE])
        booked = {(key, model, status): rest for key, model, status, *rest in cursor.fetchall()}
    for (token_hash, model), told in sorted(sums.items()):
        for status in ("success", "failure"):
            line = _Line(token_hash, model, status, told)
            before = booked.get((token_hash, model, status), [0, 0, 0, 0, 0, Decimal(0)])
            is_success = status == "success"
            after: list[int | Decimal] = [
                line.requests,
                *(
                    (told.prompt_tokens, told.completion_tokens, told.total_tokens)
                    if is_success
                    else (0, 0, 0)
                ),
                told.cached_tokens if is_success else 0,
                told.cost if is_success else Decimal(0),
            ]
            more: list[int | Decimal] = [new - old for new, old in zip(after, before, strict=True)]
            # A sum that shrinks is for the reconciliation to show, not for the ledger to take back.
            if any(more) and all(part >= 0 for part in more):
                yield _call(day, line, after, more)


def _call(day: date, line: _Line, after: list[int | Decimal], more: list[int | Decimal]) -> Call:
    about = About(line.token_hash, "", "", "", line.model, "", "", "", line.status, "", "daily sums", "{}")
    number = (
        f"{day}/{line.token_hash}/{line.model}/{line.status}"[:180] + f"/{'/'.join(map(str, after))}"[:75]
    )
    requests, prompt, completion, total, cached, cost = more
    return Call(
        about=about,
        identity=identity_of(DAILY_SOURCE, f"{day}/{line}/{after}", _noon(day)),
        request_id=number,
        started_at=_noon(day),
        ended_at=None,
        figures_digest=0,
        prompt_tokens=int(prompt),
        completion_tokens=int(completion),
        total_tokens=int(total),
        cached_tokens=int(cached),
        cache_write_tokens=None,
        reasoning_tokens=None,
        cost=Decimal(cost),
        input_cost=None,
        output_cost=None,
        other_cost=None,
        latency_ms=None,
        first_token_ms=None,
        requests=int(requests),
    )
