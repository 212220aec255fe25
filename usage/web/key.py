"""The use of one key, for its page."""

from dataclasses import replace
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from apikeys.models import ApiKey
from apikeys.web.use import KeyUse
from usage.figures import by_day, total
from usage.key_sums import sums_of_key
from usage.lines import lines_of
from usage.periods import last_days
from usage.quality import coverage
from usage.questions import Filters, Question
from usage.scopes import Scope
from usage.web import charts

_TREND_DAYS = 30


def use_of_key(reader: User, key: ApiKey) -> KeyUse:
    """The reader may see the key, so what it used, too."""
    now = timezone.now()
    sums = sums_of_key(key.pk, now=now)
    if key.owner_id == reader.pk:
        href = f"{reverse('usage')}?apiKeyIds={key.pk}"
    else:
        href = reverse("team_usage", args=[key.team_id]) if key.team_id else ""
    use = KeyUse(sums.ever, sums.this_month, href=href)
    return _with_trend(use, key, now) if sums.ever else use


def _with_trend(use: KeyUse, key: ApiKey, now: datetime) -> KeyUse:
    # Narrowed to the key alone: its owner or team may have changed.
    question = Question(Scope(), last_days(_TREND_DAYS, now), Filters(apiKey=[key.pk]))
    lines = lines_of(question, now=now)
    if not lines:
        return use
    quality = coverage(question.period, now=now, since=key.created_at)
    earlier = by_day(lines_of(question.before, now=now))
    found = charts.trend(question.period, by_day(lines), earlier, set(quality.missing_days), "requests")
    trend = charts.renamed(found, "key-requests", _("Requests, last 30 days"))
    sums = total(lines)
    return replace(
        use, trend=trend, cost=sums.cost, unpriced=sums.unpriced, differing_days=quality.differing_days
    )
