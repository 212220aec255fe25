"""What joins several apps about one person or about all of them."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import Actor, User
from apikeys.models import ApiKey
from catalog.models import Model
from litellm_sync.models import Finding, GatewayObject, budget_reset_of, spend_of, sync_status_of
from litemaas import errors
from subscriptions.models import Subscription
from teams.models import DEFAULT_TEAM_ID, Member, Team
from usage.models import UserMonth
from usage.zones import rollup_zone


def user_seen_by(actor: Actor, user_id: UUID | str) -> User:
    """Somebody with `spend`, `resets_at` and `sync` annotated. A GET: nothing is written, the gateway is not asked."""
    rows = User.objects.all() if actor.sees_everything else User.objects.filter(pk=actor.pk)
    kind = GatewayObject.Kind.USER
    annotated = rows.filter(Q(is_service=False) | Q(pk=actor.pk)).annotate(
        spend=spend_of(kind), resets_at=budget_reset_of(kind), sync=sync_status_of(kind)
    )
    user: User | None = annotated.filter(pk=user_id).first()
    if user is None:
        raise errors.NotFound(_("This user does not exist."))
    return user


def counts_of(user_id: UUID, now: datetime) -> dict[str, int]:
    """Subscriptions and keys, all and those that work now; keys count by owner."""
    subscriptions = Subscription.objects.filter(user_id=user_id).aggregate(
        every=Count("pk"),
        active=Count("pk", filter=Q(status=Subscription.Status.ACTIVE)),
        suspended=Count("pk", filter=Q(status=Subscription.Status.SUSPENDED)),
    )
    keys = _counted_keys(ApiKey.objects.filter(owner_id=user_id, deleted_at__isnull=True), now)
    return {
        "subscriptions": subscriptions["every"],
        "active_subscriptions": subscriptions["active"],
        "suspended_subscriptions": subscriptions["suspended"],
        **keys,
    }


def _counted_keys(rows: QuerySet[ApiKey], now: datetime) -> dict[str, int]:
    is_live = Q(revoked_at__isnull=True, is_blocked=False) & (
        Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    )
    found = rows.aggregate(every=Count("pk"), active=Count("pk", filter=is_live))
    return {"keys": found["every"], "active_keys": found["active"]}


def teams_of(user_id: UUID) -> list[dict[str, Any]]:
    """The teams with the person's role there; in the default team everybody is a member without a row."""
    return [{name: place[name] for name in ("id", "name", "role")} for place in places_of(user_id)]


def places_of(user_id: UUID) -> list[dict[str, Any]]:
    """The same with `max_budget` and `spend` of the person in the team, and `joined_at`; None where there is no row."""
    places = Member.objects.current().filter(user_id=user_id, team__deleted_at__isnull=True)
    known = places.annotate(
        place_id=F("team_id"), name=F("team__name"), spend=spend_of(GatewayObject.Kind.MEMBER)
    )
    columns = ("place_id", "name", "role", "max_budget", "spend", "joined_at")
    rows: list[dict[str, Any]] = [
        dict(zip(("id", *columns[1:]), row, strict=True))
        for row in known.order_by("name", "team_id").values_list(*columns)
    ]
    if all(row["id"] != DEFAULT_TEAM_ID for row in rows):
        default = Team.objects.filter(pk=DEFAULT_TEAM_ID).values_list("name", flat=True).first()
        if default is not None:
            nothing = {"max_budget": None, "spend": None, "joined_at": None}
            rows.append({"id": DEFAULT_TEAM_ID, "name": default, "role": Member.Role.MEMBER.value, **nothing})
    return rows


def drift_of(user_id: UUID) -> list[dict[str, Any]]:
    """Where the gateway's row differs, as the reconciler last saw it."""
    open_findings = Finding.objects.filter(
        kind=GatewayObject.Kind.USER, gateway_id=str(user_id), resolved_at__isnull=True
    )
    return [
        {
            "field": difference.get("field"),
            "portal": difference.get("portal"),
            "proxy": difference.get("gateway"),
        }
        for finding in open_findings
        for difference in finding.differences
    ]


def usage_of(user_id: UUID, now: datetime) -> dict[str, int | None]:
    """Requests and tokens ever and in the present month of the reporting zone; None for somebody who never called."""
    month = now.astimezone(ZoneInfo(rollup_zone())).date().replace(day=1)
    sums = UserMonth.objects.filter(user_id=user_id).aggregate(
        all_requests=Sum("requests"),
        all_tokens=Sum("total_tokens"),
        month_requests=Sum("requests", filter=Q(month=month)),
        month_tokens=Sum("total_tokens", filter=Q(month=month)),
    )
    if sums["all_requests"] is None:
        return dict.fromkeys(sums)
    return {**sums, "month_requests": sums["month_requests"] or 0, "month_tokens": sums["month_tokens"] or 0}


def totals(now: datetime) -> dict[str, int]:
    """How many there are of what the portal keeps."""
    people = User.objects.filter(is_service=False).aggregate(
        every=Count("pk"), active=Count("pk", filter=Q(is_active=True))
    )
    models = Model.objects.aggregate(
        every=Count("pk"), available=Count("pk", filter=Q(availability=Model.Availability.AVAILABLE))
    )
    return {
        "users": people["every"],
        "active_users": people["active"],
        "models": models["every"],
        "available_models": models["available"],
        "subscriptions": Subscription.objects.count(),
        **_counted_keys(ApiKey.objects.filter(deleted_at__isnull=True), now),
    }
