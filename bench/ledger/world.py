"""Who calls: 10,000 people with 20,000 keys in 200 teams, and 300 models. Some are used a lot, most of them little."""

import hashlib
import random
from bisect import bisect
from itertools import accumulate

import django

django.setup()

from django.db import connection  # noqa: E402

USERS, KEYS, MODELS, TEAMS = 10_000, 20_000, 300, 200
PROVIDERS = ("openai", "anthropic", "mistral", "meta", "qwen", "ibm")


def seed() -> None:
    """People, teams and keys, by few statements."""
    from django.utils import timezone

    from accounts.models import User
    from apikeys.models import ApiKey, ApiKeySecret
    from teams.models import Team

    now = timezone.now()
    teams = Team.objects.bulk_create([Team(name=f"Team {n}") for n in range(TEAMS)])
    people = [
        User(username=f"person{n:05}", email=f"person{n:05}@example.com", password="!")  # noqa: S106
        for n in range(USERS)
    ]
    people = User.objects.bulk_create(people, batch_size=2_000)
    keys = ApiKey.objects.bulk_create(
        [
            ApiKey(
                owner=people[n % USERS],
                team=teams[n % TEAMS] if n % 3 else None,
                name=f"key {n}",
                alias=f"portal-{n}",
                created_at=now,
                updated_at=now,
            )
            for n in range(KEYS)
        ],
        batch_size=2_000,
    )
    ApiKeySecret.objects.bulk_create(
        [
            ApiKeySecret(
                api_key=key,
                number=1,
                alias=f"portal-{n}-1",
                token_hash=token_hash(n),
                prefix="sk-abc",
                suffix="wxyz",
                created_at=now,
            )
            for n, key in enumerate(keys)
        ],
        batch_size=2_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def token_hash(number: int) -> str:
    return hashlib.sha256(f"sk-{number}".encode()).hexdigest()


def model_name(number: int) -> str:
    return f"{PROVIDERS[number % len(PROVIDERS)]}/model-{number:03}"


class Zipf:
    """Numbers below `count`, the n-th as often as 1/n^`slope`."""

    def __init__(self, count: int, chance: random.Random, slope: float = 0.9) -> None:
        self._sums = list(accumulate(1 / (n + 1) ** slope for n in range(count)))
        self._chance = chance

    def draw(self) -> int:
        return bisect(self._sums, self._chance.random() * self._sums[-1])
