"""What the page of everybody's usage shows: the same, narrowed by users and their keys, teams and providers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from apikeys.models import ApiKey
from teams.models import Team
from usage.cubes.answers import groups_of
from usage.periods import MAX_ADMIN_DAYS
from usage.questions import Filters, Question
from usage.scopes import Scope
from usage.web.filters import PeriodFilter, several, uuids

# More people than these are not listed by a search, and not narrowed to.
_MOST_PEOPLE = 50
_MOST_TEAMS = 200
_MOST_KEYS = 200
# A person that there is not.
_NOBODY_FITS = UUID(int=1)


class OperatorFilter(PeriodFilter):
    """Users first: keys are offered of the chosen ones only, and keys of others are dropped (`dropped_keys`).

    `used` is the period's usage by model and provider before it is narrowed.
    """

    max_days = MAX_ADMIN_DAYS

    person = forms.CharField(
        label=_("Search users"), required=False, max_length=150, widget=forms.TextInput({"type": "search"})
    )
    userIds = several(_("Users"), _("Search for a name or e-mail, then choose among those found."))
    apiKeyIds = several(_("API keys"), _("Choose users first."))
    teamIds = several(_("Teams"))
    providerIds = several(_("Providers"), _("Nothing was used in this period."))
    modelIds = several(_("Models"), _("Nothing was used in this period."))
    field_order = [
        *("period", "first", "last", "person", "userIds", "apiKeyIds"),
        *("teamIds", "providerIds", "modelIds", "compare"),
    ]

    def __init__(self, query: QueryDict, *, actor: User, now: datetime) -> None:
        super().__init__(query, now=now)
        self._spread("userIds")
        self._spread("apiKeyIds")
        self.used = groups_of(Question(Scope.visible_to(actor), self.chosen), ("model", "provider"), now=now)
        self.offer_models(str(group.labels[0]) for group in self.used)
        providers = {str(group.labels[1]) for group in self.used} - {""}
        self.offer("providerIds", ((name, name) for name in sorted(providers)))
        teams = Team.objects.visible_to(actor).order_by("name")[:_MOST_TEAMS].values_list("pk", "name")
        self.offer("teamIds", ((str(pk), name) for pk, name in teams))
        self.chosen_people, self.found_people = self._people(actor)
        listed = [*self.chosen_people, *(one for one in self.found_people if one not in self.chosen_people)]
        self.offer("userIds", ((str(one.pk), one.username) for one in listed))
        self.dropped_keys = self._offer_keys(actor)
        self.full_clean()

    def _spread(self, name: str) -> None:
        """One parameter may hold several ids."""
        data: QueryDict = self.data  # type: ignore[assignment]
        data.setlist(name, [str(pk) for pk in uuids(data.getlist(name))])

    def _people(self, actor: User) -> tuple[list[User], list[User]]:
        """Those who were chosen, and those whom the search finds."""
        text = str(self.data.get("person") or "").strip().replace("\x00", "")[:150]
        ids = self.data.getlist("userIds")  # type: ignore[attr-defined]
        rows = User.objects.visible_to(actor).order_by("username")
        chosen = list(rows.filter(pk__in=ids[:_MOST_PEOPLE])) if ids else []
        fits = Q(username__icontains=text) | Q(email__icontains=text)
        return chosen, list(rows.filter(fits)[:_MOST_PEOPLE]) if text else []

    def _offer_keys(self, actor: User) -> int:
        """How many keys of the address are of none of the chosen people."""
        asked = self.data.getlist("apiKeyIds")  # type: ignore[attr-defined]
        keys = ApiKey.objects.visible_to(actor).select_related("owner").order_by("name", "pk")
        if people := self.people:
            found = list(keys.filter(owner__in=people)[:_MOST_KEYS])
        else:
            # A link may name keys alone.
            found = list(keys.filter(pk__in=asked[:_MOST_KEYS])) if asked else []
        self.offer("apiKeyIds", ((str(key.pk), f"{key.name} ({_owner(key)})") for key in found))
        kept = {str(key.pk) for key in found}
        return len([pk for pk in asked if pk not in kept])

    @property
    def people(self) -> list[User]:
        """Those whose usage is shown; nobody in it is everybody."""
        return self.chosen_people or self.found_people

    @property
    def is_narrowed_to_people(self) -> bool:
        return bool(self.people or str(self.data.get("person") or "").strip() or self.data.get("userIds"))

    @property
    def is_found_by_search(self) -> bool:
        """Whether the page has to say whom the search found; who was chosen stands among the filters."""
        return self.is_narrowed_to_people and not self.chosen_people

    @property
    def filters(self) -> Filters:
        people = [one.pk for one in self.people] or ([_NOBODY_FITS] if self.is_narrowed_to_people else [])
        return Filters(
            user=people,
            apiKey=[UUID(pk) for pk in self.picked("apiKeyIds")],
            team=[UUID(pk) for pk in self.picked("teamIds")],
            provider=self.picked("providerIds"),
            model=self.picked("modelIds"),
        )


def _owner(key: Any) -> str:
    return key.owner.username if key.owner else "–"
