"""The second group of `make bench`: what operators read, and what people write, with a gateway that answers at once."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench import servers
from bench.load import Case

# Who makes keys and subscribes: each has so many tokens' worth of people.
_WRITERS = 400


@dataclass(frozen=True)
class Gateway:
    url: str

    def wait(self, seconds: float) -> None:
        """Before each answer from now on."""
        request = urllib.request.Request(f"{self.url}/delay/{seconds}", method="PUT")  # noqa: S310  our own address
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310


@contextmanager
def _gateway() -> Iterator[Gateway]:
    port = servers.free_port()
    command = [sys.executable, "-m", "bench.instant_gateway", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        if process.stdout is None or not process.stdout.readline():
            raise SystemExit("The gateway of the bench did not start.")
        yield Gateway(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def measure(seconds: int, audit_rows: int) -> int:
    """Seed, load, print the table; 1 if a request failed."""
    with _gateway() as gateway:
        # Nobody runs into the limit of keys, and nobody's change waits for a worker that is not there.
        os.environ.update(LITELLM_API_URL=gateway.url, MAX_ACTIVE_KEYS_PER_USER="1000000")
        from bench import data
        from bench.__main__ import measured

        print("Seeding …", file=sys.stderr, flush=True)
        seeded = data.seed()
        seeded = data.Seeded(
            _seed(seeded, audit_rows), _cases(), f"{seeded.description}, {audit_rows:,} audit rows"
        )
        statements = data.count_statements(seeded)
        with servers.web() as web:
            return measured(
                web,
                seeded,
                statements,
                seconds,
                first=2 * _WRITERS,
                before=lambda case: gateway.wait(case.delay),
            )


def _seed(seeded: Any, audit_rows: int) -> dict[str, list[str]]:
    """Operators, people who subscribe, and people who make keys; a month of usage; the audit record."""
    from django.db import connection
    from django.utils import timezone

    from accounts.audit import partitions
    from accounts.models import User
    from accounts.tokens import issue_tokens
    from bench import audit, data
    from catalog.models import Model
    from litellm_sync.models import GatewayObject
    from subscriptions.models import Subscription

    now = timezone.now()
    operators = User.objects.bulk_create(_people("operator", 4, roles=["admin", "user"]))
    subscribers = User.objects.bulk_create(_people("subscriber", _WRITERS))
    makers = User.objects.bulk_create(_people("maker", _WRITERS))
    model = Model.objects.get(pk=_MODEL)
    Subscription.objects.bulk_create(_subscribed(user, model, now) for user in makers)
    GatewayObject.objects.bulk_create(
        GatewayObject(
            kind="user", object_id=user.pk, applied=1, dirty_since=now, not_before=now, applied_at=now
        )
        for user in makers
    )
    # The first key of a person makes the gateway's user as well: what is measured are the others.
    data._seed_keys(makers, {user.pk: [model] for user in makers}, now)
    _use_every_key(now)
    audit.seed(audit_rows)
    partitions.gather_statistics()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    groups = {"operators": operators, "subscribers": subscribers, "makers": makers}
    return {
        **seeded.tokens,
        **{
            name: [issue_tokens(user, signed_in_at=now)["access_token"] for user in group]
            for name, group in groups.items()
        },
    }


def _people(name: str, count: int, **columns: Any) -> list[Any]:
    from accounts.models import User

    # No password that anybody could give.
    names = (f"{name}{number:04}" for number in range(count))
    return [User(username=n, email=f"{n}@example.com", password="!", **columns) for n in names]  # noqa: S106


def _subscribed(user: Any, model: Any, now: Any) -> Any:
    from bench.data import _subscription

    return _subscription(user, model, now)


_MODEL = "anthropic/model-001"


def _use_every_key(now: Any) -> None:
    """A call with each key, an hour ago, booked as it is when the portal pulls it."""
    from apikeys.models import ApiKeySecret
    from usage.ledger import write_rows

    start = now - timedelta(hours=1)
    hashes = ApiKeySecret.objects.values_list("token_hash", flat=True)
    write_rows((_call(number, token, start) for number, token in enumerate(hashes)), now=now)


def _call(number: int, token_hash: str, start: Any) -> dict[str, Any]:
    return {
        "request_id": f"call-{number}",
        "api_key": token_hash,
        "spend": 0.001,
        "prompt_tokens": 9,
        "completion_tokens": 20,
        "total_tokens": 29,
        "startTime": start.isoformat(),
        "endTime": (start + timedelta(seconds=1)).isoformat(),
        "model_group": f"{_MODEL[:-1]}{number % 9}",
        "custom_llm_provider": "anthropic",
        "status": "success",
    }


def _open_models() -> list[str]:
    from bench.data import _PROVIDERS, MODELS

    return [f"{_PROVIDERS[n % len(_PROVIDERS)]}/model-{n:03}" for n in range(MODELS) if n % 10]


def _month() -> str:
    from django.utils import timezone

    today = timezone.now().date()
    return f"startDate={today - timedelta(days=29)}&endDate={today}"


def _cases() -> list[Case]:
    models = _open_models()
    # wrk sends body n with token n modulo the number of tokens, so each person gets each model once.
    subscribe = lambda n: {"modelId": models[n // _WRITERS % len(models)]}  # noqa: E731
    make_key = lambda n: {"modelIds": [_MODEL], "name": f"Key {n}"}  # noqa: E731
    operators = {"who": "operators"}
    return [
        Case(
            "users, a page of 20 with search",
            "/api/v1/users?limit=20&search=person042",
            target=400,
            **operators,
        ),
        Case(
            "subscription requests, a page of 20",
            "/api/v1/admin/subscriptions?limit=20",
            target=400,
            **operators,
        ),
        Case("audit, a page of 20", "/api/v1/admin/audit?limit=20", target=400, **operators),
        Case(
            "audit, a page of 20 with search",
            "/api/v1/admin/audit?search=lab/model-17",
            target=100,
            **operators,
        ),
        Case("models, a page of 100", "/api/v1/models?limit=100"),
        Case("subscribe", "/api/v1/subscriptions", target=500, who="subscribers", posts=subscribe),
        Case("make a key", "/api/v1/api-keys", target=300, who="makers", posts=make_key),
        Case("make a key, gateway 50 ms", "/api/v1/api-keys", who="makers", posts=make_key, delay=0.05),
        # Last: a client that gives up leaves the server at work.
        Case("names of all users for filters", "/api/v1/admin/users", **operators),
        Case("filter options of a month", f"/api/v1/admin/usage/filter-options?{_month()}", **operators),
    ]
