"""Every form of the portal, found by itself: sent twice, sent after the session's end, sent by two people who changed
the same thing, and sent while the gateway is away."""

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import Sum
from django.test import Client, override_settings
from django.urls import resolve

from litellm_sync.breaker import FAILURES_TO_OPEN
from litellm_sync.client import gateway
from litellm_sync.errors import GatewayUnavailable
from litellm_sync.models import GatewayObject
from tests.api.test_statements import grow
from tests.permission_world import World, undone
from tests.walk.forms import Field, Form, forms_of, path_of
from tests.walk.pages import addresses

pytestmark = pytest.mark.django_db
# Whose pages are looked at, and which of them.
ROLES = {"owner": r"/(?!operations|teams/)", "head": r"/teams/", "admin": r"/(operations|teams|jobs)"}
# Libraries', which have tests of their own; and the way out.
NOT_OURS = (
    "/admin/",
    "/2fa/",
    "/password/",
    "/reauthenticate/",
    "/logout/",
    "/login/",
    "/signup/",
    "/email/",
)
# What anybody may choose, signed in or not: the browser keeps it.
FOR_ANYBODY = ("/preferences/",)
# Rows that any request may write: who did what, that somebody was there, what a page said, and that a try failed.
TRACES = {"audit_logs", "django_session", "usersessions_usersession", "notifications", "model_sync_runs"}
# What this scene can't have: a name typed, a gateway that tries a model, an image.
REFUSED = {
    "operations/models/delete/<path:model_id>",
    "operations/users/<uuid:user_id>/keys/<uuid:key_id>/delete",
    # A limit for many, a gateway that resets a spend, and a subscription in the state for it.
    "operations/settings/limits/everybody",
    "operations/users/<uuid:user_id>/limits/reset-spend",
    "subscriptions/<uuid:subscription_id>/resume",
    "subscriptions/<uuid:subscription_id>/review",
}
# A number that any text field of an edit form takes, and another one.
ONE, OTHER = "11", "12"
# Fields of forms that do something, and change no value.
ACTS = {"confirmation", "typed", "reason", "comment", "password"}
CONFLICT = "Somebody changed this meanwhile"
WAITS = (
    "The gateway does not answer at the moment",
    "on its way to the gateway",
    "as soon as the gateway has it",
)


@dataclass(frozen=True)
class Case:
    who: str
    form: Form

    @property
    def name(self) -> str:
        return f"{self.who}: {self.form.page} → {resolve(path_of(self.form.action)).route}"


class Portal:
    """The scene of the walk, and the forms on its pages."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cases = list(self._found())

    def _found(self) -> Iterator[Case]:
        seen = set()
        for who, pages in ROLES.items():
            for _pattern, address in addresses(self.world):
                is_theirs = re.match(pages, address) and not address.startswith(NOT_OURS)
                for form in self.forms(who, address) if is_theirs else ():
                    action = path_of(form.action)
                    kind = (resolve(action).route, tuple(sorted(form.names)))
                    if kind not in seen and not action.startswith(NOT_OURS):
                        seen.add(kind)
                        yield Case(who, form)

    def forms(self, who: str, address: str) -> list[Form]:
        answer = self.browser(who).get(address)
        is_page = answer.status_code == 200 and "text/html" in answer.get("Content-Type", "")
        return forms_of(address, answer.text) if is_page else []

    def browser(self, who: str) -> Client:
        return self.world._browsers[who]

    def send(self, case: Case, browser: Client | None = None, **typed: str):
        browser = browser or self.browser(case.who)
        headers = {"referer": f"http://testserver{case.form.page}"}
        sent = "&".join(
            f"{quote(name)}={quote(value)}"
            for name, many in case.form.sent(**typed).items()
            for value in many
        )
        answer = browser.post(
            case.form.action, sent, content_type="application/x-www-form-urlencoded", headers=headers
        )
        if answer.streaming:
            b"".join(answer.streaming_content)
        return answer


@pytest.fixture(scope="module")
def portal(django_db_setup, django_db_blocker):
    options = override_settings(RATE_LIMITS={}, GATEWAY_INLINE_DEADLINE=0.01)
    with django_db_blocker.unblock(), undone(), options:
        logging.disable(logging.CRITICAL)
        world = World()
        grow(world, range(1))
        yield Portal(world)
        world.close()
        logging.disable(logging.NOTSET)


def rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall() if name not in TRACES]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables))  # noqa: S608
        return dict(cursor.fetchall())


def test_what_is_sent_twice_is_done_once_and_answered_alike(portal):
    faults, refused = {}, set()
    for case in portal.cases:
        with undone():
            first = portal.send(case)
            once = rows()
            second = portal.send(case)
            twice = rows()
        cache.clear()
        if b"data-error-summary" in getattr(first, "content", b""):
            refused.add(resolve(path_of(case.form.action)).route)
        if first.status_code >= 500 or first.status_code != second.status_code:
            faults[case.name] = f"{first.status_code}, then {second.status_code}"
        elif once != twice:
            faults[case.name] = {name: (once[name], n) for name, n in twice.items() if n != once[name]}
    assert faults == {}
    assert refused <= REFUSED
    assert len(portal.cases) > 60


def test_after_the_sessions_end_it_leads_to_the_sign_in_and_back_to_the_form(portal):
    faults = {}
    for case in portal.cases:
        with undone():
            answer = portal.send(case, Client(raise_request_exception=False))
        back = f"/login/?next={quote(case.form.page)}&session=expired"
        if answer.get("Location") != back and not case.form.action.startswith(FOR_ANYBODY):
            faults[case.name] = f"{answer.status_code} {answer.get('Location', '')}"
    assert faults == {}


def edited(portal, case) -> str | None:
    """The name of a field whose value the page shows when it was saved: it is a form of something that is stored."""
    for field in case.form.fields[:12]:
        if field.is_text and field.name not in ACTS:
            with undone():
                taken = portal.send(case, **{field.name: ONE})
                again = portal.forms(case.who, case.form.page) if taken.status_code == 302 else []
            cache.clear()
            if any(_value(form, field) == ONE for form in again if form.action == case.form.action):
                return field.name
    return None


def _value(form: Form, field: Field) -> str:
    return next((one.value for one in form.fields if one.name == field.name and one.is_text), "")


def test_who_saves_second_sees_both_versions(portal):
    found, faults = [], {}
    for case in portal.cases:
        if path_of(case.form.action) != path_of(case.form.page) or not (name := edited(portal, case)):
            continue
        found.append(path_of(case.form.page))
        with undone():
            portal.send(case, **{name: ONE})
            answer = portal.send(case, **{name: OTHER})
            text = answer.text if answer.status_code == 200 else ""
        if not (CONFLICT in text and f">{ONE}<" in text and f">{OTHER}<" in text):
            faults[case.name] = f"{name}: {answer.status_code}"
    assert faults == {}
    assert len(found) > 10, found


def test_while_the_gateway_is_away_it_says_what_waits(portal):
    with suppress(GatewayUnavailable):
        for _failure in range(FAILURES_TO_OPEN):
            with suppress(GatewayUnavailable), gateway().breaker.guard():
                raise GatewayUnavailable
    assert gateway().breaker.is_open
    faults, told = {}, 0
    for case in portal.cases:
        with undone():
            before = _wishes()
            answer = portal.send(case)
            if answer.status_code < 500 and _wishes() == before:
                continue
            told += 1
            text = answer.text
            if answer.status_code == 302:
                text = portal.browser(case.who).get(answer["Location"]).text
        if answer.status_code >= 500 or not any(words in text for words in WAITS):
            faults[case.name] = answer.status_code
    assert faults == {}
    assert told > 10


def _wishes() -> int:
    return GatewayObject.objects.aggregate(n=Sum("requested"))["n"]
