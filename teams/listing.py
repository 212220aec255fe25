"""Teams and members with what is shown of them, in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    DecimalField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber
from django.urls import reverse

from accounts.models import User
from litellm_sync.models import budget_reset_of, spend_as_of, spend_of, sync_status_of
from teams.models import DEFAULT_TEAM_ID, Member, Team, TeamQuerySet
from teams.roles import ADMIN, MEMBER, role_of

SHOWN_MEMBERS = 50
# On the page of the profile, which leads to all of them.
_SHOWN_TEAMS = 20
_AMOUNT = DecimalField(max_digits=30, decimal_places=18)


KeyCounter = Callable[[Sequence[UUID]], Mapping[UUID, int]]
_key_counters: list[KeyCounter] = []


def count_keys_with(counter: KeyCounter) -> None:
    """How many live keys these teams have is known above: the app that has keys registers this at the start."""
    _key_counters[:] = [counter]


def key_counts(team_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """Live keys per team; nothing where nobody can tell."""
    return _key_counters[0](team_ids) if _key_counters else {}


# (reader, team) → a chart of what the team spent, None where there is nothing to show.
Trend = Callable[[Any, Any], Any]
_trends: list[Trend] = []


def show_trend_with(trend: Trend) -> None:
    """What a team used is known above: the app that keeps the usage registers this at the start."""
    _trends[:] = [trend]


def spend_trend(reader: Any, team: Any) -> Any:
    return _trends[0](reader, team) if _trends else None


# (team, reader, whether he is in it) → what limits his keys there (`litemaas.web.limits`).
LimitsInTeam = Callable[[Any, Any, bool], Any]
_limits: list[LimitsInTeam] = []


def show_limits_with(limits: LimitsInTeam) -> None:
    """What holds for keys is known above: the app that has keys registers this at the start."""
    _limits[:] = [limits]


def own_teams(user: User) -> list[tuple[str, str]]:
    """Names and addresses of the teams that somebody is in, by name."""
    rows = Team.objects.active().of(user.pk).order_by("name", "pk").values_list("pk", "name")
    return [(name, reverse("team", args=[pk])) for pk, name in rows[:_SHOWN_TEAMS]]


def effective_limits(team: Any, reader: Any, *, is_in: bool) -> Any:
    return _limits[0](team, reader, is_in) if _limits else []


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody in a team as `viewer` may see it. `id` is the user's where no row says more (default team)."""

    id: UUID
    team_id: UUID
    role: str
    joined_at: Any
    added_by_id: UUID | None
    max_budget: Any
    spend: Any
    source: str
    user_id: UUID
    username: str
    email: str
    full_name: str
    is_active: bool
    shows_money: bool

    @property
    def name(self) -> str:
        return self.full_name or self.username


def with_facts(teams: TeamQuerySet, viewer: User) -> TeamQuerySet:
    """Adds `my_role`, `member_count`, `spend`, `budget_reset_at`, `spend_as_of` and `sync_status`."""
    members = Member.objects.current().filter(team_id=OuterRef("pk")).order_by().values("team_id")
    counted = members.annotate(n=Count("pk")).values("n")
    everybody = User.objects.active().order_by().annotate(one=Value(1)).values("one").annotate(n=Count("pk"))
    told = teams.annotate(
        my_role=role_of(viewer.pk),
        member_count=Case(
            When(pk=DEFAULT_TEAM_ID, then=Subquery(everybody.values("n"))),
            default=Coalesce(Subquery(counted), Value(0)),
        ),
        gateway_spend=spend_of("team"),
        budget_reset_at=budget_reset_of("team"),
        spend_as_of=spend_as_of("team"),
        # No wish: nothing that the gateway would have to be told.
        sync_status=Coalesce(sync_status_of("team"), Value("synced")),
    )
    return told.annotate(spend=_since_reset()).prefetch_related("allowed_links")


def _since_reset() -> Any:
    """`Team.spend_since_reset` as an annotation over `gateway_spend` and `budget_reset_at`."""
    same = Q(spend_offset_until=F("budget_reset_at"))
    same |= Q(spend_offset_until__isnull=True, budget_reset_at__isnull=True)
    rest = F("gateway_spend") - F("spend_offset")
    return Case(
        When(same & Q(spend_offset__gt=F("gateway_spend")), then=Value(Decimal(0), output_field=_AMOUNT)),
        When(same & Q(spend_offset__isnull=False), then=ExpressionWrapper(rest, output_field=_AMOUNT)),
        default=F("gateway_spend"),
    )


def last_admin_of(team: Team) -> UUID | None:
    """The one person without whom nobody would look after the team; None where there are others, or nobody is needed."""
    if team.is_default:
        return None
    rows = Member.objects.current().filter(team=team, role=ADMIN, user__is_active=True)
    admins = list(rows.values_list("user_id", flat=True)[:2])
    return admins[0] if len(admins) == 1 else None


def members_of(team: Team, viewer: User, *, role: str = "", search: str = "") -> QuerySet[Any, Any]:
    """The members, first those who joined first; rows for `place_of`. In the default team operators see all accounts,
    others themselves and who looks after it."""
    rows: QuerySet[Any, Any] = (
        _everybody(viewer)
        if team.is_default
        else _with_user(Member.objects.visible_to(viewer).filter(team=team))
    )
    if role:
        rows = rows.filter(place_role=role) if team.is_default else rows.filter(role=role)
    if search:
        prefix = "" if team.is_default else "user__"
        names = ("username", "email", "full_name")
        rows = rows.filter(*[_any(Q(**{f"{prefix}{name}__icontains": search}) for name in names)])
    return rows


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _with_user(rows: QuerySet[Member, Any]) -> QuerySet[Any, Any]:
    shown: QuerySet[Any, Any] = rows.select_related("user").annotate(spend=spend_of("member"))
    return shown.order_by("joined_at", "id")


def _everybody(viewer: User) -> QuerySet[Any, Any]:
    """Accounts, with their row in the default team where there is one."""
    own = Member.objects.current().filter(team_id=DEFAULT_TEAM_ID, user_id=OuterRef("pk"))
    users: QuerySet[Any, Any] = User.objects.active().annotate(
        place_id=Subquery(own.values("pk")[:1]),
        place_role=Coalesce(Subquery(own.values("role")[:1]), Value(MEMBER)),
        place_budget=Subquery(own.values("max_budget")[:1]),
        place_added_by=Subquery(own.values("added_by_id")[:1]),
    )
    users = users.annotate(spend=spend_of("member", "place_id"))
    if not viewer.sees_everything:
        users = users.filter(Q(pk=viewer.pk) | Q(place_role=ADMIN))
    return users.order_by("created_at", "pk")


def place_of(row: Member | User, team: Team, *, shows_money: bool) -> Place:
    """A row of `members_of`. Without `shows_money` budget and spend are left out."""
    facts: Any = row
    if isinstance(row, User):
        return Place(
            id=facts.place_id or row.pk,
            team_id=team.pk,
            role=facts.place_role,
            joined_at=row.created_at,
            added_by_id=facts.place_added_by,
            max_budget=facts.place_budget if shows_money else None,
            spend=facts.spend if shows_money else None,
            source=Member.Source.MANUAL,
            shows_money=shows_money,
            **_person(row),
        )
    return Place(
        id=row.pk,
        team_id=row.team_id,
        role=row.role,
        joined_at=row.joined_at,
        added_by_id=row.added_by_id,
        max_budget=row.max_budget if shows_money else None,
        spend=facts.spend if shows_money else None,
        source=row.source,
        shows_money=shows_money,
        **_person(row.user),
    )


def _person(user: User) -> dict[str, Any]:
    return {
        "user_id": user.pk,
        "username": user.username,
        "email": user.email,
        "full_name": user.full_name,
        "is_active": user.is_active,
    }


def places(rows: Iterable[Any], team: Team, viewer: User) -> list[Place]:
    """`rows` of `members_of`, with the money that `viewer` may see: all of it or one's own."""
    sees_all = viewer.sees_everything or vars(team)["my_role"] == ADMIN
    return [
        place_of(row, team, shows_money=sees_all or getattr(row, "user_id", row.pk) == viewer.pk)
        for row in rows
    ]


def first_members(teams: list[Team], viewer: User) -> dict[UUID, list[Place]]:
    """Up to 50 members of each team, in two statements at most. `teams` are `with_facts`."""
    found: dict[UUID, list[Place]] = defaultdict(list)
    by_id = {team.pk: team for team in teams}
    number = Window(RowNumber(), partition_by=F("team_id"), order_by=[F("joined_at"), F("id")])
    rows = _with_user(Member.objects.visible_to(viewer).filter(team_id__in=by_id.keys() - {DEFAULT_TEAM_ID}))
    for row in rows.annotate(number=number).filter(number__lte=SHOWN_MEMBERS):
        found[row.team_id] += places([row], by_id[row.team_id], viewer)
    if DEFAULT_TEAM_ID in by_id:
        default = by_id[DEFAULT_TEAM_ID]
        found[default.pk] = places(_everybody(viewer)[:SHOWN_MEMBERS], default, viewer)
    return found
