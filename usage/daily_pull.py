"""Usage of gateways that keep no request logs (`disable_spend_logs`): from their daily activity.

A UTC day is counted from one source only: from logs when any of its calls came as such, else from the gateway's sums.
Rows of the log that come for a day of the second kind are set aside. Sums grow during the day; each reading books what
is more than was booked before, at noon UTC of the day, as the gateway tells no time.
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
from usage.models import SummedDay, UsageLog
from usage.rows import SOURCE, About, Call, identity_of

DAILY_SOURCE = "litellm-daily"
# A gateway writes its logs some seconds after its sums; a day is taken for one without logs only after this.
_PATIENCE = timedelta(hours=2)
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
    if not any(_is_due(day, now) for day in days):
        return Counts()
    told = daily.by_key_and_model(gateway(), first, today)
    counts = Counts()
    for day, sums in sorted(told.items()):
        if sums and day in days:
            counts += _book_day(day, sums, now)
    return counts


def _is_due(day: date, now: datetime) -> bool:
    return not _has_logs(day) and now - _noon(day) + timedelta(hours=12) > _PATIENCE


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
    if not _is_due(day, now):
        return Counts()
    SummedDay.objects.get_or_create(day=day, defaults={"since": now})
    calls = list(_calls(day, sums))
    added, _ = write_calls(calls, now=now, source=DAILY_SOURCE) if calls else (0, 0)
    return Counts(read=len(calls), added=added, known=len(calls) - added)


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
