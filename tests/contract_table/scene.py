"""One scene for the whole contract: people with something of everything, and a gateway that knows their keys.

Most of it is made through the API itself. What a call changes is undone after it.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.tokens import issue_tokens
from apikeys.secrets import token_hash
from catalog.models import Model
from jobs.models import Job
from litellm_sync import outbox
from litellm_sync.simulated import SimulatedGateway
from notifications.services import notify
from portal.backups import store
from portal.backups.dumping import applied_migrations
from tests.contract_table.rows import Row
from tests.contract_table.sections.operating import PNG
from tests.factories import PASSWORD, UserFactory
from tests.permission_world import undone
from usage.ledger import write_rows

CHAT, ANOTHER, EMBEDDING = "gpt-4o-mini", "gpt-4o", "text-embedding-3-small"
CONVERTER = "granite-docling"
SUSPENDED = "bge-m3"
_V1 = "/api/v1"


class Answer:
    """Status, body and headers of one call, and how many statements it took."""

    def __init__(self, response: Any, statements: int) -> None:
        self.statements = statements
        self.status = response.status_code
        self.type = response.headers.get("Content-Type", "")
        self.location = response.headers.get("Location", "")
        self.content: bytes = b"".join(response.streaming_content) if response.streaming else response.content

    @property
    def data(self) -> Any:
        return orjson.loads(self.content)


class Scene:
    """`ask(row)` is the answer to the row's own caller, `ask(row, name)` to somebody else."""

    def __init__(self, gateway: SimulatedGateway, backups: Path) -> None:
        self.gateway = gateway
        self._backups = backups
        self.now = timezone.now()
        self.people = {
            "owner": UserFactory.create(username="contract-owner", signs_in=True),
            **{
                name: UserFactory.create(username=f"contract-{name}")
                for name in ("stranger", "head", "member", "viewer", "invited")
            },
            "auditor": UserFactory.create(username="contract-auditor", is_auditor=True),
            "admin": UserFactory.create(username="contract-admin", is_operator=True),
            "second": UserFactory.create(username="contract-second", is_operator=True),
        }
        self.tokens = {
            name: issue_tokens(person, signed_in_at=self.now) for name, person in self.people.items()
        }
        self.places: dict[str, Any] = {}
        self._furnish()

    def _furnish(self) -> None:
        self.do("admin", "POST", "models/sync")
        closed = list(
            Model.objects.filter(model_type="chat").exclude(id__in=[CHAT, ANOTHER]).order_by("id")[:3]
        )
        Model.objects.filter(pk__in=[model.pk for model in closed]).update(restricted_access=True)
        days = timezone.now().date()
        self.places |= {
            "user": self.people["owner"].pk,
            "username": "contract-owner",
            "password": PASSWORD,
            "access_token": self.tokens["owner"]["access_token"],
            "refresh_token": self.tokens["owner"]["refresh_token"],
            "model": CHAT,
            "another": ANOTHER,
            "embedding": EMBEDDING,
            "converter": CONVERTER,
            "restricted": closed[2].pk,
            "denied_model": closed[1].pk,
            "slashed": Model.objects.filter(id__contains="/").earliest("id").pk,
            "refused_address": "http://127.0.0.1:9",
            "from": str(days - timedelta(days=7)),
            "today": str(days),
            "unknown": "00000000-0000-4000-8000-000000000000",
        }
        self._subscribe(closed)
        self._team()
        self._keys()
        self._usage()
        self._rest()
        outbox.drain()

    def _subscribe(self, closed: list[Model]) -> None:
        def subscription(model: str) -> str:
            return str(self.do("owner", "POST", "subscriptions", modelId=model)["id"])

        self.places["subscription"] = subscription(CHAT)
        self.places["suspended"] = subscription(SUSPENDED)
        subscription(EMBEDDING)
        subscription(CONVERTER)
        self.places["pending"] = subscription(closed[0].pk)
        self.places["denied"] = subscription(closed[1].pk)
        self.do(
            "admin", "POST", "admin/subscriptions/deny", subscriptionIds=[self.places["denied"]], reason="No"
        )
        # The team's keys are for its members.
        for name in ("head", "member"):
            self.do(name, "POST", "subscriptions", modelId=CHAT)

    def _team(self) -> None:
        made = self.do(
            "admin", "POST", "teams", name="Contract", adminIds=[str(self.people["head"].pk)], maxBudget=100,
            budgetDuration="monthly", allowedModels=[CHAT],
        )  # fmt: skip
        team = self.places["team"] = made["id"]
        for name in ("member", "viewer"):
            body = {"userId": str(self.people[name].pk), "role": name, "maxBudgetInTeam": 10}
            self.do("admin", "POST", f"teams/{team}/members", **body)
        self.places["member"] = self.people["member"].pk
        invited = self.do(
            "head", "POST", f"teams/{team}/invitations", userId=str(self.people["owner"].pk), message="Come"
        )
        self.places["invitation"] = invited["id"]
        self.places["token"] = str(invited.get("link") or invited["id"]).rstrip("/").rsplit("/", 1)[-1]
        key = self.do("head", "POST", f"teams/{team}/api-keys", modelIds=[CHAT], name="Team's")
        self.places["team_key"] = key["id"]

    def _keys(self) -> None:
        made = self.do(
            "owner", "POST", "api-keys", modelIds=[CHAT, EMBEDDING], name="Mine", maxBudget=50, softBudget=40,
            budgetDuration="monthly", tpmLimit=100_000, rpmLimit=1000, tags=["a"], modelRpmLimit={CHAT: 10},
            expiresAt=(self.now + timedelta(days=30)).isoformat(), portalPermissions=["models:read"],
        )  # fmt: skip
        self.places["key"], self.places["secret"] = made["id"], made["key"]
        # Nobody changes this one: what reaches the gateway is not undone.
        played = self.do("owner", "POST", "api-keys", modelIds=[CHAT, EMBEDDING, CONVERTER], name="Played")
        self.places["played"] = played["id"]
        self.do("owner", "POST", f"subscriptions/{self.places['suspended']}/suspend", reason="Not now")

    def _usage(self) -> None:
        at = self.now - timedelta(days=1)
        rows = [
            {
                "request_id": f"contract-{number}", "call_type": "acompletion",
                "api_key": token_hash(self.places["secret"]), "spend": 0.25, "prompt_tokens": 9,
                "completion_tokens": 20, "total_tokens": 29, "startTime": at.isoformat(),
                "endTime": (at + timedelta(seconds=1)).isoformat(), "model": f"openai/{CHAT}", "model_id": "x",
                "model_group": CHAT, "custom_llm_provider": "openai", "metadata": {}, "request_tags": [],
                "status": "failure" if number == 3 else "success", "request_duration_ms": 1000,
            }
            for number in range(4)
        ]  # fmt: skip
        write_rows(rows, now=self.now)

    def _rest(self) -> None:
        owner = self.people["owner"]
        notify(user_ids=[owner.pk], kind="test", title="Hello", body="World", link="/models", now=self.now)
        banner = self.do(
            "admin", "POST", "banners/admin", name="Contract", content={"en": "Hello"}, isActive=True,
            isDismissible=True, dismissDurationHours=1, linkUrl="https://status.example", linkText={"en": "More"},
            startDate="2026-01-01T00:00:00Z", endDate="2036-01-01T00:00:00Z",
        )["banner"]  # fmt: skip
        prompt = self.do("owner", "POST", "playground/prompts", name="Mine", text="Hello")
        talk = [{"role": "user", "content": "Hello"}]
        conversation = self.do(
            "owner", "POST", "playground/conversations", name="Mine", model=CHAT, messages=talk
        )
        self.do("admin", "PUT", "branding/images/login-logo", data=PNG, mimeType="image/png")
        managed = {
            "model_name": "contract/managed", "backend_model_name": "gpt-4o", "api_base": "https://m.example",
            "input_cost_per_token": 0, "output_cost_per_token": 0.5, "tpm": 5, "rpm": 5, "max_tokens": 5,
        } | dict.fromkeys(
            ("supports_vision", "supports_function_calling", "supports_parallel_function_calling",
             "supports_tool_choice"), False,
        )  # fmt: skip
        self.places |= {
            "banner": banner["id"],
            "prompt": prompt["id"],
            "conversation": conversation["id"],
            "managed": self.do("admin", "POST", "admin/models", **managed)["model"]["id"],
            "notification": self.do("owner", "GET", "notifications")["data"][0]["id"],
            "session": self.do("owner", "GET", "/api/auth/sessions")[0]["sessionId"],
            "job": Job.objects.create(
                kind="test", created_by=owner, created_at=self.now, total=10, unit="rows", message="At work"
            ).pk,
        }

    def do(self, who: str, method: str, path: str, **body: Any) -> Any:
        """For setting the scene: the body of an answer that must be a success."""
        full = path if path.startswith("/") else f"{_V1}/{path}"
        answer = self._send(who, method, full, body, {})
        assert answer.status < 300, (method, path, answer.status, answer.content[:500])
        return answer.data if answer.content else None

    def ask(self, row: Row, who: str | None = None) -> Answer:
        with undone():
            self._renew_backup()
            path = self.filled(row.path)
            path = path if path.startswith("/api/") else f"{_V1}{path}"
            query = f"?{self.filled(row.query)}" if row.query else ""
            return self._send(who or row.caller, row.method, path + query, self.filled(row.body), row.headers)

    def _send(self, who: str, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        client = Client(raise_request_exception=False)
        if who in self.tokens:
            headers = {"Authorization": f"Bearer {self.tokens[who]['access_token']}", **headers}
        content = b"" if method == "GET" else orjson.dumps(body)
        kind = "" if method == "GET" else "application/json"
        statements: list[str] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            # The scene undoes by savepoints what really is a transaction.
            if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                statements.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            response = client.generic(method, path, content, content_type=kind, headers=headers)
            return Answer(response, len(statements))

    def filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.filled(name): self.filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if isinstance(value, str) and "{" in value:
            return value.format_map({name: str(place) for name, place in self.places.items()})
        return value

    def _renew_backup(self) -> None:
        """Files are no part of what is undone."""
        if "backup" in self.places and store.backups():
            return
        draft = store.Draft(store.new_id("litemaas", self.now))
        with draft.writer() as written:
            written.write(b"\x1f\x8b not really a dump")
            written.finish()
        self.places["backup"] = draft.keep(
            written, database="litemaas", timestamp=f"{self.now:%Y-%m-%dT%H:%M:%SZ}", app_version="1", server_version=18,
            migrations=applied_migrations(), row_counts={"users": 3},
        ).id  # fmt: skip
