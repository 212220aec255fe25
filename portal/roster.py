"""The list of people with what several apps know of them, by two statements however many there are."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now

from accounts.models import Actor, User
from apikeys.models import ApiKey
from litellm_sync.models import GatewayObject, budget_reset_of, spend_of, sync_status_of
from teams.models import Member

# Per cent of a budget from which somebody is near its end.
_NEAR = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people; empty and None mean all. `budget`: over, near (80 % and more); `sync`: pending, error."""

    search: str = ""
    role: str = ""
    is_active: bool | None = None
    budget: str = ""
    sync: str = ""


def people_seen_by(actor: Actor, wanted: Wanted) -> QuerySet[User]:
    """With `spend`, `resets_at`, `sync`, `live_keys`, `team_count` (the default team's without a row not counted)."""
    rows: Any = with_facts(User.objects.all().visible_to(actor).filter(is_service=False))
    if wanted.search:
        named = Q(username__icontains=wanted.search) | Q(email__icontains=wanted.search)
        rows = rows.filter(named | Q(full_name__icontains=wanted.search))
    if wanted.role:
        rows = rows.filter(roles__contains=[wanted.role])
    if wanted.is_active is not None:
        rows = rows.filter(is_active=wanted.is_active)
    if wanted.budget:
        share = 100 if wanted.budget == "over" else _NEAR
        rows = rows.filter(max_budget__isnull=False, spend__gte=F("max_budget") * share / 100)
    if wanted.sync:
        rows = rows.filter(sync=wanted.sync)
    found: QuerySet[User] = rows
    return found


def with_facts(rows: QuerySet[User]) -> QuerySet[User]:
    kind = GatewayObject.Kind.USER
    return rows.annotate(
        spend=spend_of(kind),
        resets_at=budget_reset_of(kind),
        sync=Coalesce(sync_status_of(kind), Value("synced")),
        live_keys=_counted(_live_keys(), "owner_id"),
        team_count=_counted(
            Member.objects.current().filter(user_id=OuterRef("pk"), team__deleted_at__isnull=True), "user_id"
        ),
    )


def _live_keys() -> QuerySet[ApiKey]:
    """As `ApiKeyQuerySet.live`, by the database's clock: one statement for every moment."""
    running = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    kept = ApiKey.objects.filter(owner_id=OuterRef("pk"), deleted_at__isnull=True, revoked_at__isnull=True)
    return kept.filter(running)


def _counted(rows: QuerySet[Any], group: str) -> Any:
    counts = rows.order_by().values(group).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts), 0, output_field=IntegerField())
