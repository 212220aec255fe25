"""One's own keys and those that one looks after, as the pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import BooleanField, ExpressionWrapper, Prefetch, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from apikeys.models import ApiKey, ApiKeyModel, ApiKeyQuerySet
from apikeys.models.keys import seen_by
from apikeys.models.opening import opens_now
from apikeys.spend import secret_facts, spent_by
from apikeys.web.key_filter import KeyFilter
from apikeys.web.states import KeyState, in_state, state_of, with_gateway_state
from litemaas.web.tables import Column, Table
from litemaas.web.templatetags.pf_labels import KEY_LOOKS
from teams.models import Team

_SHOWN_MODELS = 2
_LINKS = ApiKeyModel.objects.annotate(opens=ExpressionWrapper(opens_now(), output_field=BooleanField()))
# The models of keys in one statement, each with whether the key opens it now; for pages that call them, whole.
WITH_OPEN = Prefetch("model_links", _LINKS)
WITH_MODELS = Prefetch("model_links", _LINKS.select_related("model"))


@dataclass(frozen=True)
class Row:
    """A key with its state, its models' names, sorted, and what it spent in its budget's window; None: not known.

    `closed` are those of its models that it does not open now.
    """

    key: ApiKey
    state: KeyState
    models: list[str]
    spend: Decimal | None
    closed: frozenset[str] = frozenset()

    @property
    def opens_nothing(self) -> bool:
        """The key itself is in order, but nothing can be called with it."""
        return self.state.is_live and len(self.closed) == len(self.models)

    @property
    def first_models(self) -> list[str]:
        return self.models[:_SHOWN_MODELS]

    @property
    def more(self) -> int:
        return max(0, len(self.models) - _SHOWN_MODELS)

    @property
    def expires_text(self) -> str:
        return localtime(self.key.expires_at).date().isoformat() if self.key.expires_at else ""

    @property
    def owner_name(self) -> str:
        return self.key.owner.display_name if self.key.owner else ""

    @property
    def team_name(self) -> str:
        return self.key.team.name if self.key.team else ""


_NAME: Column[Row] = Column("name", _("Name"), lambda row: row.key.name, order=Lower("name"), is_fixed=True)
_OWNER: Column[Row] = Column("owner", _("Owner"), lambda row: row.owner_name, order="owner__username")
_TEAM: Column[Row] = Column("team", _("Team"), lambda row: row.team_name, order="team__name", is_extra=True)
_COLUMNS: list[Column[Row]] = [
    Column("key", _("Key"), lambda row: row.key.preview),
    Column("models", _("Models"), lambda row: ", ".join(row.models)),
    Column("status", _("Status"), lambda row: str(KEY_LOOKS[row.state.word].word)),
    Column("spend", _("Spend"), lambda row: row.spend, order="spend"),
    Column("used", _("Last used"), lambda row: row.key.last_used_at, order="last_used_at"),
    Column("expires", _("Expires"), lambda row: row.key.expires_at, order="expires_at"),
    Column("created", _("Created"), lambda row: row.key.created_at, order="created_at", is_extra=True),
    Column("tags", _("Tags"), lambda row: ", ".join(row.key.tags), is_extra=True),
]
OWN_KEYS: Table[Row] = Table("api-keys", [_NAME, *_COLUMNS, _TEAM], sort="-created")
TEAM_KEYS: Table[Row] = Table("team-keys", [_NAME, _OWNER, *_COLUMNS], sort="-created")


def own(user: User) -> ApiKeyQuerySet:
    """These pages are about oneself, also for operators, who could see everybody's."""
    return with_gateway_state(ApiKey.objects.visible_to(user).filter(owner=user))


def cared_for(user: User) -> ApiKeyQuerySet:
    """One's own, and the service keys of the teams that one looks after: nobody owns those."""
    service = Q(owner__isnull=True) & seen_by(user.pk)
    return with_gateway_state(ApiKey.objects.visible_to(user).filter(Q(owner=user) | service))


def stoppable(user: User) -> ApiKeyQuerySet:
    """One's own, and all keys of the teams that one looks after."""
    return with_gateway_state(ApiKey.objects.visible_to(user).filter(seen_by(user.pk)))


def page_of_list(key: ApiKey, reader: User) -> str:
    """Where the reader finds the key among others."""
    return reverse("api_keys") if key.owner_id == reader.pk else reverse("team_keys", args=[key.team_id])


def row_of(key: ApiKey, now: datetime) -> Row:
    """`key` comes from `own`, `cared_for` or `stoppable`."""
    current, former = secret_facts(key.secrets.all())
    spent = spent_by(vars(key), current, former, now)
    links = key.model_links.all()
    models = sorted(link.model_id for link in links)
    closed = frozenset(link.model_id for link in links if not vars(link).get("opens", True))
    return Row(key, state_of(key, now), models, spent.amount, closed)


def rows_of(keys: Iterable[ApiKey], now: datetime) -> list[Row]:
    return [row_of(key, now) for key in keys]


def used_models(keys: ApiKeyQuerySet) -> list[str]:
    """The models that these keys name, for the filter."""
    links = ApiKeyModel.objects.filter(api_key__in=keys.order_by().values("pk"))
    return list(links.order_by("model_id").values_list("model_id", flat=True).distinct())


def used_teams(user: User) -> list[tuple[str, str]]:
    """The teams that this person's keys are charged to, for the filter."""
    rows = Team.objects.filter(api_keys__owner=user, api_keys__deleted_at=None).order_by("name", "pk")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name").distinct()]


def filtered(keys: ApiKeyQuerySet, chosen: KeyFilter, now: datetime) -> ApiKeyQuerySet:
    """As the filter says, with all that `row_of` reads."""
    wanted = chosen.cleaned_data
    if state := wanted.get("status"):
        keys = in_state(keys, state, now)
    elif not wanted.get("ended"):
        keys = keys.live(now)
    if text := wanted.get("search", "").strip():
        keys = keys.filter(Q(name__icontains=text) | Q(description__icontains=text))
    if model := wanted.get("model"):
        keys = keys.filter(model_links__model_id=model)
    if team := wanted.get("team"):
        keys = keys.filter(team=team)
    if kind := wanted.get("kind"):
        keys = keys.filter(owner__isnull=kind == "service")
    return keys.select_related("team", "owner").prefetch_related(WITH_OPEN, "secrets")
