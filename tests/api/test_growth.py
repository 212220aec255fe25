"""Changes that touch many rows make the same number of database statements for two of them as for twenty."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from accounts.tokens import issue_tokens
from catalog.models import Model
from litellm_sync.client import forget_gateway
from litellm_sync.simulated import SimulatedGateway
from notifications.services import notify
from portal.models import Banner
from teams.models import Member
from tests.api.conftest import ApiClient
from tests.api.test_api_keys import make_key
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory
from tests.permission_world import undone

pytestmark = pytest.mark.django_db
FEW, MANY = 2, 20
Call = Callable[[], Any]
_MANAGED = {
    "model_name": "grown", "backend_model_name": "gpt-4o", "api_base": "https://m.example",
    "input_cost_per_token": 0, "output_cost_per_token": 0.5, "tpm": 5, "rpm": 5, "max_tokens": 5,
    "supports_vision": False, "supports_function_calling": False,
    "supports_parallel_function_calling": False, "supports_tool_choice": False,
}  # fmt: skip


class Scene:
    """An administrator who acts, and somebody whom it concerns."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.admin = ApiClient(UserFactory.create(is_operator=True))
        self.user = UserFactory.create()
        self.client = ApiClient(self.user)

    def people(self, n: int) -> list[Any]:
        return UserFactory.create_batch(n)

    def models(self, n: int) -> list[Any]:
        return ModelFactory.create_batch(n)

    def subscribed(self, n: int) -> list[str]:
        """Ids of models that the user may use."""
        return [SubscriptionFactory.create(user=self.user, model=model).model_id for model in self.models(n)]

    def keys(self, n: int, **more: Any) -> Any:
        """The model that all keys are for."""
        model = ModelFactory.create()
        SubscriptionFactory.create(user=self.user, model=model)
        for _number in range(n):
            make_key(self.user, model, **more)
        return model

    def team(self, n: int, **columns: Any) -> tuple[Any, list[Any]]:
        """A team with an administrator and n members, each with two keys of the team."""
        team, model = TeamFactory.create(**columns), ModelFactory.create()
        head, *people = UserFactory.create_batch(n + 1)
        for person, role in [(head, "admin"), *((person, "member") for person in people)]:
            Member.objects.create(team=team, user=person, role=role, joined_at=self.now)
            SubscriptionFactory.create(user=person, model=model)
        for person in people:
            make_key(person, model, team=team)
            make_key(person, model, team=team)
        return team, [head, *people]

    def managed(self, n: int) -> Model:
        """A model of the portal's own with n subscribers, each with a key for it."""
        made = self.admin.post("admin/models", _MANAGED)
        assert made.status_code == 201, made.content
        model = Model.objects.get(pk="grown")
        for person in self.people(n):
            SubscriptionFactory.create(user=person, model=model)
            make_key(person, model)
        return model


def approve(scene: Scene, n: int, path: str = "admin/subscriptions/approve") -> Call:
    model = ModelFactory.create(restricted_access=True)
    asked = [SubscriptionFactory.create(model=model, status="pending") for _number in range(n)]
    for one in asked:
        make_key(one.user, model)
    body = {"subscriptionIds": [str(one.pk) for one in asked], "reason": "Because"}
    return lambda: scene.admin.post(path, body)


def deny(scene: Scene, n: int) -> Call:
    return approve(scene, n, "admin/subscriptions/deny")


def rehearse_approval(scene: Scene, n: int) -> Call:
    return approve(scene, n, "admin/subscriptions/approve?dryRun=true")


def limit_many(scene: Scene, n: int) -> Call:
    people = [str(person.pk) for person in scene.people(n)]
    return lambda: scene.admin.post("admin/users/bulk-update-limits", {"rpmLimit": 7, "userIds": people})


def deactivate(scene: Scene, n: int) -> Call:
    scene.keys(n)
    for _number in range(n):
        issue_tokens(scene.user, signed_in_at=scene.now)
    return lambda: scene.admin.patch(f"users/{scene.user.pk}", {"isActive": False})


def revoke_sessions(scene: Scene, n: int) -> Call:
    for _number in range(n):
        issue_tokens(scene.user, signed_in_at=scene.now)
    return lambda: scene.admin.post(f"admin/users/{scene.user.pk}/revoke-sessions")


def delete_team(scene: Scene, n: int, query: str = "") -> Call:
    team, _people = scene.team(n)
    return lambda: scene.admin.delete(f"teams/{team.pk}{query}")


def rehearse_team_deletion(scene: Scene, n: int) -> Call:
    return delete_team(scene, n, "?dryRun=true")


def limit_team(scene: Scene, n: int) -> Call:
    team, _people = scene.team(n)
    models = [model.pk for model in scene.models(n)]
    return lambda: scene.admin.patch(f"teams/{team.pk}", {"allowedModels": models, "isActive": False})


def budget_team(scene: Scene, n: int) -> Call:
    team, _people = scene.team(n, max_budget=10, budget_window="1d")
    return lambda: scene.admin.patch(f"teams/{team.pk}/budget", {"maxBudget": 20, "budgetDuration": "weekly"})


def make_team(scene: Scene, n: int) -> Call:
    body = {
        "name": "Grown",
        "adminIds": [str(person.pk) for person in scene.people(n)],
        "allowedModels": [model.pk for model in scene.models(n)],
    }
    return lambda: scene.admin.post("teams", body)


def remove_member(scene: Scene, n: int) -> Call:
    team, (_head, member, heir) = scene.team(2)
    model = ModelFactory.create()
    for _number in range(n):
        make_key(member, model, team=team)
    return lambda: scene.admin.delete(
        f"teams/{team.pk}/members/{member.pk}", {"transferKeysTo": str(heir.pk)}
    )


def change_role(scene: Scene, n: int) -> Call:
    team, (_head, member) = scene.team(1)
    model = ModelFactory.create()
    for _number in range(n):
        make_key(member, model, team=team)
    return lambda: scene.admin.patch(f"teams/{team.pk}/members/{member.pk}", {"role": "viewer"})


def restrict(scene: Scene, n: int) -> Call:
    model = scene.managed(n)
    return lambda: scene.admin.put(f"admin/models/{model.pk}", {"restrictedAccess": True})


def retire(scene: Scene, n: int, query: str = "") -> Call:
    model = scene.managed(n)
    return lambda: scene.admin.delete(f"admin/models/{model.pk}{query}")


def rehearse_retirement(scene: Scene, n: int) -> Call:
    return retire(scene, n, "?dryRun=true")


def synchronise(scene: Scene, n: int) -> Call:
    """Whose models, with their subscribers and keys, are not at the gateway."""
    for model in scene.models(n):
        person = UserFactory.create()
        SubscriptionFactory.create(user=person, model=model)
        make_key(person, model)
    return lambda: scene.admin.post("models/sync", {"confirm": True})


def synchronise_changed(scene: Scene, n: int) -> Call:
    """Models with other facts and prices than the gateway tells, and as many that are new."""
    assert scene.admin.post("models/sync").status_code == 200
    names = list(Model.objects.available().order_by("pk").values_list("pk", flat=True))
    few = min(n, len(names) // 2)
    Model.objects.filter(pk__in=names[:few]).update(context_length=1, input_cost_per_token=1)
    Model.objects.filter(pk__in=names[few : 2 * few]).update(
        availability="unavailable", unavailable_since=scene.now
    )
    return lambda: scene.admin.post("models/sync", {"confirm": True})


def make_key_for_many(scene: Scene, n: int) -> Call:
    models = scene.subscribed(n)
    return lambda: scene.client.post("api-keys", {"modelIds": models, "name": "Many"})


def change_models_of_key(scene: Scene, n: int) -> Call:
    models = scene.subscribed(n)
    key = make_key(scene.user, Model.objects.get(pk=models[0]))
    return lambda: scene.client.patch(f"api-keys/{key.pk}", {"modelIds": models[1:]})


def make_somebodys_key(scene: Scene, n: int) -> Call:
    models = [model.pk for model in scene.models(n)]
    body = {"modelIds": models, "name": "Many"}
    return lambda: scene.admin.post(f"admin/users/{scene.user.pk}/api-keys", body)


def grant(scene: Scene, n: int) -> Call:
    """Half of the models are new to the user, the other half is taken up again."""
    models = [model.pk for model in scene.models(n)]
    denied = SubscriptionFactory.create_batch(n, user=scene.user, status="denied")
    models += [row.model_id for row in denied]
    return lambda: scene.admin.post(f"admin/users/{scene.user.pk}/subscriptions", {"modelIds": models})


def cancel(scene: Scene, n: int) -> Call:
    model = scene.keys(n)
    row = scene.user.subscriptions.get(model=model)
    return lambda: scene.client.post(f"subscriptions/{row.pk}/cancel")


def suspend(scene: Scene, n: int) -> Call:
    model = scene.keys(n)
    row = scene.user.subscriptions.get(model=model)
    return lambda: scene.client.post(f"subscriptions/{row.pk}/suspend")


def reset_quotas(scene: Scene, n: int) -> Call:
    for person in scene.people(n):
        SubscriptionFactory.create(user=person)
    return lambda: scene.admin.post("subscriptions/admin/reset-quotas", {"all": True})


def clean_up(scene: Scene, n: int) -> Call:
    scene.keys(n, expires_at=scene.now - timedelta(days=1))
    return lambda: scene.admin.post("api-keys/admin/cleanup-expired")


def read_all(scene: Scene, n: int) -> Call:
    for number in range(n):
        notify(user_ids=[scene.user.pk], kind="test", title=f"{number}", now=scene.now)
    return lambda: scene.client.post("notifications/read-all")


def hide_banners(scene: Scene, n: int) -> Call:
    made = [
        Banner.objects.create(
            name=f"{number}", content={"en": "x"}, created_at=scene.now, updated_at=scene.now
        )
        for number in range(n)
    ]
    body = {str(banner.pk): number == 0 for number, banner in enumerate(made)}
    return lambda: scene.admin.patch("banners/admin/bulk-visibility", body)


CHANGES: list[Callable[[Scene, int], Call]] = [
    approve, deny, rehearse_approval, limit_many, deactivate, revoke_sessions, delete_team,
    rehearse_team_deletion, limit_team, budget_team, make_team, remove_member, change_role, restrict, retire,
    rehearse_retirement, synchronise, synchronise_changed, make_key_for_many, change_models_of_key,
    make_somebodys_key, grant, cancel, suspend, reset_quotas, clean_up, read_all, hide_banners,
]  # fmt: skip


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    with SimulatedGateway() as gateway, override_settings(
        LITELLM_API_URL=gateway.url, LITELLM_API_KEY=gateway.master_key, RATE_LIMITS={}, MAX_ACTIVE_KEYS_PER_USER=100
    ):  # fmt: skip
        forget_gateway()
        with django_db_blocker.unblock(), undone():
            yield Scene()
        forget_gateway()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_makes_as_many_statements_for_two_rows_as_for_twenty(scene, change):
    few, many = statements_of(scene, change, FEW), statements_of(scene, change, MANY)
    assert len(many) <= len(few) + 1, _what_grew(few, many)


def statements_of(scene: Scene, change: Callable[[Scene, int], Call], n: int) -> list[str]:
    sent: list[str] = []

    def note(execute: Any, sql: str, params: Any, is_many: bool, context: Any) -> Any:
        # The scene undoes by savepoints what really is a transaction.
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            sent.append(sql)
        return execute(sql, params, is_many, context)

    with undone():
        call = change(scene, n)
        with connection.execute_wrapper(note):
            answer = call()
    assert answer.status_code < 300, answer.content[:500]
    return sent


def _what_grew(few: list[str], many: list[str]) -> str:
    heads = sorted({sql[:110] for sql in many})
    counts = [(sum(s[:110] == h for s in few), sum(s[:110] == h for s in many), h) for h in heads]
    return "\n".join(f"{a} → {b}: {head}" for a, b, head in counts if b > a)
