"""The data set: people, models, subscriptions and keys in the numbers of a large installation."""

import random
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.tokens import issue_tokens  # noqa: E402
from apikeys import secrets  # noqa: E402
from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret  # noqa: E402
from bench.load import Case  # noqa: E402
from catalog.models import Model  # noqa: E402
from litellm_sync.models import GatewayObject  # noqa: E402
from subscriptions.models import Subscription  # noqa: E402

USERS, MODELS, SUBSCRIPTIONS, KEYS = 10_000, 300, 50_000, 20_000
SIGNED_IN = 200
_BATCH = 2_000
_PROVIDERS = ("openai", "anthropic", "mistral", "meta", "qwen", "ibm")


@dataclass(frozen=True)
class Seeded:
    """What the load needs to know of the data; `tokens` are access tokens of different people, by who they are."""

    tokens: dict[str, list[str]]
    cases: list[Case]
    description: str


def seed() -> Seeded:
    call_command("migrate", verbosity=0)
    # The same data on each run.
    chance = random.Random(7)
    now = timezone.now()
    users = User.objects.bulk_create(_users(), batch_size=_BATCH)
    models = Model.objects.bulk_create(_models(now))
    chosen = {user.pk: chance.sample(models, SUBSCRIPTIONS // USERS) for user in users}
    rows = [_subscription(user, model, now) for user in users for model in chosen[user.pk]]
    Subscription.objects.bulk_create(rows, batch_size=_BATCH)
    _seed_keys(users, chosen, now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    tokens = [
        issue_tokens(user, signed_in_at=now)["access_token"] for user in chance.sample(users, SIGNED_IN)
    ]
    return Seeded({"people": tokens}, _cases(models[150].pk), _description())


def _users() -> list[User]:
    names = (f"person{number:05}" for number in range(USERS))
    # No password that anybody could give.
    unusable = "!"
    return [User(username=n, email=f"{n}@example.com", full_name=n.title(), password=unusable) for n in names]


def _models(now: Any) -> list[Model]:
    return [
        Model(
            id=f"{_PROVIDERS[n % len(_PROVIDERS)]}/model-{n:03}",
            provider=_PROVIDERS[n % len(_PROVIDERS)],
            description=f"Model number {n}, for a bit of everything.",
            capabilities=["chat", "function_calling", "vision"][: 1 + n % 3],
            context_length=8_192 * (1 + n % 16),
            input_cost_per_token=Decimal(1 + n % 9).scaleb(-7),
            output_cost_per_token=Decimal(1 + n % 9).scaleb(-6),
            restricted_access=n % 10 == 0,
            created_at=now,
            updated_at=now,
        )
        for n in range(MODELS)
    ]


def _subscription(user: User, model: Model, now: Any) -> Subscription:
    return Subscription(
        user=user,
        model=model,
        status=Subscription.Status.ACTIVE,
        quota_requests=10_000,
        quota_tokens=1_000_000,
        status_changed_at=now,
        created_at=now,
        updated_at=now,
    )


def _seed_keys(users: list[User], chosen: dict[Any, list[Model]], now: Any) -> None:
    """Two keys for each person, each for two of the person's models, all of them known to the gateway."""
    keys = [_key(user, place, now) for user in users for place in range(KEYS // USERS)]
    rows = [secrets.secret_row(key, secrets.new_secret(), now=now) for key in keys]
    ApiKey.objects.bulk_create(keys, batch_size=_BATCH)
    ApiKeySecret.objects.bulk_create(rows, batch_size=_BATCH)
    links = [ApiKeyModel(api_key=key, model=model) for key in keys for model in chosen[key.owner_id][:2]]
    ApiKeyModel.objects.bulk_create(links, batch_size=_BATCH)
    wishes = [
        GatewayObject(
            kind="key", object_id=key.pk, applied=1, dirty_since=now, not_before=now, applied_at=now
        )
        for key in keys
    ]
    GatewayObject.objects.bulk_create(wishes, batch_size=_BATCH)


def _key(user: User, place: int, now: Any) -> ApiKey:
    key = ApiKey(owner=user, name=f"Key {place}", created_at=now - timedelta(days=place), updated_at=now)
    key.alias = f"portal-{key.pk}"
    return key


def _cases(model_id: str) -> list[Case]:
    return [
        Case("health live (the floor)", "/api/v1/health/live", signed_in=False),
        Case("auth/me", "/api/v1/auth/me", target=1_300),
        Case("models, a page of 20", "/api/v1/models?limit=20", target=700),
        Case("one model", f"/api/v1/models/{model_id}", target=1_300),
        Case("my subscriptions", "/api/v1/subscriptions", target=700),
        Case("my keys", "/api/v1/api-keys", target=700),
    ]


def _description() -> str:
    counts = [(User, "users"), (Model, "models"), (Subscription, "subscriptions"), (ApiKey, "keys")]
    return ", ".join(f"{model._default_manager.count():,} {name}" for model, name in counts)


def count_statements(seeded: Seeded, *, first: int = 0) -> dict[str, int]:
    """Database statements of one request by a warm process, by name of the case; bodies are made from `first` on."""
    found = {}
    for case in seeded.cases:
        tokens = seeded.tokens.get(case.who, [""])
        headers = {"Authorization": f"Bearer {tokens[first % len(tokens)]}"} if case.signed_in else {}
        client = Client(headers=headers, SERVER_NAME="127.0.0.1")
        _ask(client, case, first)
        statements: list[str] = []
        with connection.execute_wrapper(_noting(statements)):
            answer = _ask(client, case, first + len(tokens))
        if answer.status_code not in {200, 201}:
            raise SystemExit(f"{case.path} answers {answer.status_code}: {answer.text[:300]}")
        found[case.name] = len(statements)
    connection.close()
    return found


def _ask(client: Client, case: Case, number: int) -> Any:
    if case.posts is None:
        return client.get(case.path)
    return client.post(case.path, case.posts(number), content_type="application/json")


def _noting(statements: list[str]) -> Any:
    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    return note
