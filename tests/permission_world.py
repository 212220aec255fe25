"""One scene for the table of permissions: everybody who may knock, and one thing of each kind to knock at.

Whatever a call changes is undone after it, so that all calls see the same scene.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.views import APIView

from accounts import portal_keys
from accounts.automation import issue_automation_key
from accounts.credentials import SignIn
from accounts.models import AuditEvent
from accounts.permissions import ALL_PERMISSIONS
from accounts.portal_keys import KeyHolder
from accounts.saved_filters import save_filter
from accounts.secret_hash import hash_of
from accounts.tokens import issue_tokens
from apikeys.services import issue_api_key
from jobs.models import Job
from litellm_sync.models import Finding
from notifications.models import Notification
from notifications.services import notify
from portal.models import Banner
from portal.playground.saving import save_conversation, save_preset, save_prompt
from teams.models import Member
from teams.services.invitations import invite
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory
from usage.models import Webhook

# Who knocks at the API, in the order of the table's columns.
CALLERS = (
    "anonymous", "stranger", "owner", "viewer", "member", "head", "auditor", "admin",
    "session", "key_read", "key_write", "admin_key",
)  # fmt: skip
# Who opens pages: all of them in a browser.
VISITORS = ("anonymous", "stranger", "owner", "viewer", "member", "head", "auditor", "admin")
_READS = frozenset({"models:read", "subscriptions:read", "api_keys:read", "usage:read", "teams:read"})
_WRITES = _READS | {"subscriptions:write", "usage:export"}
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is taken back, in which use cases may open durable ones, as in Django's own test cases."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


class World:
    """`status(who, "GET /path", body)` is what `who` gets."""

    def __init__(self) -> None:
        now = timezone.now()
        self.people = {name: UserFactory.create(username=f"perm-{name}") for name in VISITORS[1:6]}
        self.people["auditor"] = UserFactory.create(username="perm-auditor", is_auditor=True)
        self.people["admin"] = UserFactory.create(username="perm-admin", is_operator=True)
        # So that nobody here is the last one.
        UserFactory.create(username="perm-second-admin", is_operator=True)
        owner, head = self.people["owner"], self.people["head"]
        model = ModelFactory.create(id="lab/open")
        ModelFactory.create(id="lab/closed", restricted_access=True)
        subscription = SubscriptionFactory.create(user=owner, model=model)
        team = TeamFactory.create(name="Permissions")
        for name, role in (("viewer", "viewer"), ("member", "member"), ("head", "admin")):
            Member.objects.create(team=team, user=self.people[name], role=role, joined_at=now)
        invited = invite(actor=head, team_id=team.pk, user_id=owner.pk, now=now)
        with transaction.atomic():
            notify(user_ids=[owner.pk], kind="test", title="Hello", now=now)
        automation = self._automation_key(now)
        self.bearers = self._bearers(now, automation.secret)
        self.places: dict[str, Any] = {
            "model_id": model.pk,
            "subscription_id": subscription.pk,
            "key_id": issue_api_key(actor=owner, model_ids=[model.pk], now=now).key.pk,
            "automation_id": automation.key.pk,
            "team_id": team.pk,
            "user_id": owner.pk,
            "member_id": self.people["member"].pk,
            "session_id": SignIn.objects.filter(user=owner).latest("created_at").pk,
            "notification_id": Notification.objects.filter(user=owner, kind="test").get().pk,
            "backup_id": "litemaas-20261126T000000Z-00000000.dump.gz",
            "job_id": Job.objects.create(kind="test", created_by=owner, created_at=now).pk,
            "invitation_id": invited.invitation.pk,
            "token": (invited.link or "/none").rstrip("/").rsplit("/", 1)[-1],
            "handle": invited.invitation.pk,
            "banner_id": Banner.objects.create(
                name="Test", content={"en": "Hello"}, is_active=True, target_user_ids=[owner.pk], created_at=now,
                updated_at=now,
            ).pk,
            "prompt_id": save_prompt(actor=owner, values={"name": "Test", "text": "Hello"}, now=now).pk,
            "preset_id": save_preset(actor=owner, values={"name": "Test", "settings": {}}, now=now).pk,
            "conversation_id": save_conversation(
                actor=owner, values={"name": "Test", "messages": []}, now=now
            ).pk,
            "webhook_id": Webhook.objects.create(url="https://hooks.example", sealed_secret=b"x", created_at=now).pk,
            "filter_id": save_filter(actor=self.people["admin"], of="audit", name="Mine", query="", now=now).pk,
            "finding_id": Finding.objects.create(
                kind="user", gateway_id="somebody", verdict="unknown", found_at=now, seen_at=now
            ).pk,
            "kind": "team",
            "object_id": team.pk,
            "other_user_id": self.people["stranger"].pk,
            "pk": 1,
            "event_id": AuditEvent.objects.latest("id").pk,
            "account_id": 999_999_999,
            "provider_id": "nobody",
        }  # fmt: skip
        self._api = {name: self._api_client(name, now) for name in CALLERS}
        self._browsers = {name: self._browser(name, now) for name in VISITORS}

    def _automation_key(self, now: Any) -> Any:
        return issue_automation_key(
            actor=self.people["admin"], name="permissions", scopes=sorted(ALL_PERMISSIONS),
            expires_at=now + timedelta(days=30), now=now,
        )  # fmt: skip

    def _bearers(self, now: Any, automation_secret: str) -> dict[str, str]:
        """Tokens of people, and the keys. How a personal key is found is the business of a higher app."""
        tokens = {
            name: issue_tokens(person, signed_in_at=now)["access_token"]
            for name, person in self.people.items()
        }
        owner = self.people["owner"]
        self._holders = {
            hash_of(f"sk-{name}-of-the-owner"): KeyHolder(owner.pk, owner.pk, permissions)
            for name, permissions in (("key_read", _READS), ("key_write", _WRITES))
        }
        portal_keys.register_lookup(self._find_key)
        keys = {name: f"sk-{name}-of-the-owner" for name in ("key_read", "key_write")}
        return {**tokens, **keys, "admin_key": automation_secret}

    def _find_key(self, token_hash: str, _now: Any) -> KeyHolder | None:
        return self._holders.get(token_hash)

    def close(self) -> None:
        portal_keys._lookups.remove(self._find_key)

    def _api_client(self, name: str, now: Any) -> Client:
        if name == "session":
            return self._browser("owner", now)
        bearer = self.bearers.get(name)
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return Client(raise_request_exception=False, headers=headers)

    def _browser(self, name: str, now: Any) -> Client:
        client = Client(raise_request_exception=False, headers={"referer": ""})
        if name in self.people:
            client.force_login(self.people[name], backend=_BACKEND)
            session = client.session
            session["signed_in_at"] = now.timestamp()
            session["account_authentication_methods"] = [{"method": "password", "at": now.timestamp()}]
            session.save()
        return client

    def _filled(self, value: Any) -> Any:
        """Places also stand in bodies."""
        if isinstance(value, list):
            return [self._filled(part) for part in value]
        return value.format_map(_Places(self.places)) if isinstance(value, str) else value

    def api(self, route: str, body: Any) -> str:
        """The statuses of all callers, in their order."""
        return " ".join(self._status(self._api[name], route, body) for name in CALLERS)

    def forged(self, route: str) -> str:
        """The status of the administrator's browser when another site makes it send something."""
        client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        client.cookies = self._browsers["admin"].cookies.copy()
        return self._status(client, route, None)

    def pages(self, route: str, body: Any) -> str:
        return " ".join(self._status(self._browsers[name], route, body, "form") for name in VISITORS)

    def _status(self, client: Client, route: str, body: Any, kind: str = "json") -> str:
        method, _, path = route.partition(" ")
        path = path.format_map(_Places(self.places))
        body = {name: self._filled(value) for name, value in (body or {}).items()}
        cookies = client.cookies.copy()
        with undone():
            if kind == "form" and method == "POST":
                answer = client.post(path, body)
            else:
                shape = {"content_type": "application/json"} if method != "GET" else {}
                answer = client.generic(method, path, orjson.dumps(body) if shape else b"", **shape)
            if answer.streaming:
                b"".join(answer.streaming_content)
        client.cookies = cookies
        return str(answer.status_code)


class _Places(dict[str, Any]):
    """What the scene has nothing of is something that does not exist."""

    def __missing__(self, name: str) -> str:
        return str(uuid4())


_PLACE = re.compile(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\)[^()]*)*\)|<(?:\w+:)?(\w+)>")
# The same name stands for different things at different addresses.
_RENAMED = {
    ("/members/", "user_id"): "member_id",
    ("/automation-keys/", "key_id"): "automation_id",
}


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Every address of the portal, as the table writes it, with its pattern. Without Django admin."""
    for path, pattern in _walk(get_resolver().url_patterns, ""):
        if not path.startswith("admin/"):
            yield "/" + path, pattern


def _walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in patterns:
        path = prefix + _plain(prefix, str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path)
        else:
            yield path, entry


def _plain(before: str, pattern: str) -> str:
    def place(found: "re.Match[str]") -> str:
        name = found[1] or found[2]
        so_far = "/" + before + pattern[: found.start()]
        return (
            "{"
            + next(
                (new for (end, old), new in _RENAMED.items() if old == name and so_far.endswith(end)), name
            )
            + "}"
        )

    return _PLACE.sub(place, pattern).lstrip("^").removesuffix("$").removesuffix("/?")


def methods_of(pattern: URLPattern) -> list[str] | None:
    """Of a REST view; None for a page."""
    view = getattr(pattern.callback, "cls", None)
    if not (isinstance(view, type) and issubclass(view, APIView)):
        return None
    return [m.upper() for m in view.http_method_names if hasattr(view, m) and m not in {"options", "head"}]
