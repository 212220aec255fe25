"""What people do in the portal, through the use cases."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from accounts.models import User
from accounts.services import change_user, register_user
from apikeys import services as keys
from apikeys.models import ApiKey
from catalog import managing
from catalog.model_form import ModelForm
from catalog.models import ManagedDeployment, Model
from catalog.services import restrict_model
from litemaas.errors import DomainError
from subscriptions import services as subscriptions
from subscriptions.models import Subscription
from teams.models import DEFAULT_TEAM_ID, Member, Team
from teams.services import members, teams
from tests.chaos.world import World

Act = Callable[[World, User], Any]
_WINDOWS = ("", "daily", "weekly", "monthly")


def _budget(world: World) -> Decimal | None:
    return world.random.choice([None, Decimal("0.1"), Decimal(5), Decimal("12.345678")])


def _limit(world: World) -> int | None:
    return world.random.choice([None, 0, 60, 100_000])


def _person(world: World) -> Any:
    return world.pick(User.objects.filter(roles=["user"]).order_by("username"))


def _model_ids(world: World) -> list[str]:
    return sorted(world.some(Model.objects.order_by("pk").values_list("pk", flat=True), 3))


def join_portal(world: World, admin: User) -> None:
    if User.objects.count() < 40:
        register_user(actor=admin, username=f"person{world.done['join_portal']}", now=world.now())


def switch_person(world: World, admin: User) -> None:
    person = _person(world)
    active = not person.is_active or world.chance(0.7)
    change_user(actor=admin, user_id=person.pk, is_active=active, now=world.now())


def subscribe(world: World, _admin: User) -> None:
    person = _person(world)
    for model_id in _model_ids(world):
        expires = world.now() + timedelta(hours=world.random.randint(1, 400)) if world.chance(0.2) else None
        subscriptions.subscribing.subscribe(
            actor=person, model_id=model_id, expires_at=expires, now=world.now()
        )


def _subscription(world: World) -> Any:
    return world.pick(Subscription.objects.order_by("created_at", "pk"))


def cancel(world: World, admin: User) -> None:
    row = _subscription(world)
    subscriptions.ending.cancel_subscription(actor=admin, subscription_id=row.pk, now=world.now())


def decide(world: World, admin: User) -> None:
    row = world.pick(Subscription.objects.filter(status="pending").order_by("created_at", "pk"))
    if row is None:
        return
    decision = subscriptions.deciding.approve_subscription
    if world.chance(0.3):
        decision = subscriptions.deciding.deny_subscription
    decision(actor=admin, subscription_id=row.pk, reason="Chaos.", now=world.now())


def suspend(world: World, admin: User) -> None:
    row = _subscription(world)
    subscriptions.suspending.suspend_subscription(actor=admin, subscription_id=row.pk, now=world.now())


def resume(world: World, admin: User) -> None:
    row = world.pick(Subscription.objects.filter(status="suspended").order_by("created_at", "pk"))
    subscriptions.suspending.resume_subscription(actor=admin, subscription_id=row.pk, now=world.now())


def restrict(world: World, admin: User) -> None:
    (model_id,) = world.some(Model.objects.order_by("pk").values_list("pk", flat=True), 1)
    restrict_model(actor=admin, model_id=model_id, restricted=world.chance(0.4), now=world.now())


def _subscribed(person: User) -> Any:
    rows = Subscription.objects.filter(user=person, status="active").order_by("model_id")
    return rows.values_list("model_id", flat=True)


def issue_key(world: World, admin: User) -> None:
    active = Subscription.objects.filter(status="active", user__is_active=True)
    person = world.pick(
        User.objects.filter(roles=["user"], subscriptions__in=active).distinct().order_by("username")
    )
    chosen = world.some(_subscribed(person), 3)
    team = None
    if world.chance(0.4):
        team = world.pick(
            Member.objects.current().filter(user=person).order_by("pk").values_list("team_id", flat=True)
        )
    is_service = team is not None and world.chance(0.3)
    actor = admin if is_service else person
    expires = world.now() + timedelta(hours=world.random.randint(1, 500)) if world.chance(0.2) else None
    keys.issuing.issue_api_key(
        actor=actor,
        model_ids=_model_ids(world) if is_service else chosen,
        team_id=team,
        is_service=is_service,
        name="chaos",
        max_budget=_budget(world),
        budget_window=world.random.choice(_WINDOWS),
        rpm_limit=_limit(world),
        expires_at=expires,
        now=world.now(),
    )


def _key(world: World) -> Any:
    return world.pick(ApiKey.objects.filter(revoked_at__isnull=True).order_by("created_at", "pk"))


def change_key(world: World, admin: User) -> None:
    key = _key(world)
    changes: dict[str, Any] = {
        "rpm_limit": _limit(world),
        "tpm_limit": _limit(world),
        "max_budget": _budget(world),
    }
    if world.chance(0.3):
        changes["metadata"] = {"project": str(world.random.randint(1, 9))}
    models = world.some(_subscribed(key.owner), 3) if key.owner and world.chance(0.5) else None
    keys.changing.change_api_key(actor=admin, key_id=key.pk, model_ids=models, now=world.now(), **changes)


def rotate_key(world: World, admin: User) -> None:
    overlap = world.random.choice([timedelta(), timedelta(hours=1), timedelta(hours=24)])
    keys.rotating.rotate_api_key(actor=admin, key_id=_key(world).pk, overlap=overlap, now=world.now())


def retire_secret(world: World, admin: User) -> None:
    keys.rotating.retire_former_secret(actor=admin, key_id=_key(world).pk, now=world.now())


def block_key(world: World, admin: User) -> None:
    keys.ending.block_api_key(actor=admin, key_id=_key(world).pk, reason="Chaos.", now=world.now())


def unblock_key(world: World, admin: User) -> None:
    key = world.pick(
        ApiKey.objects.filter(is_blocked=True, revoked_at__isnull=True).order_by("created_at", "pk")
    )
    keys.ending.unblock_api_key(actor=admin, key_id=key.pk, now=world.now())


def revoke_key(world: World, admin: User) -> None:
    end = keys.ending.revoke_api_key if world.chance(0.5) else keys.ending.delete_api_key
    end(actor=admin, key_id=_key(world).pk, now=world.now())


def create_team(world: World, admin: User) -> None:
    if Team.objects.count() < 12:
        teams.create_team(
            actor=admin,
            name=f"team {world.done['create_team']}",
            max_budget=_budget(world),
            allowed_models=_model_ids(world) if world.chance(0.3) else [],
            now=world.now(),
        )


def _team(world: World) -> Any:
    return world.pick(
        Team.objects.filter(deleted_at__isnull=True).exclude(pk=DEFAULT_TEAM_ID).order_by("created_at")
    )


def change_team(world: World, admin: User) -> None:
    changes = world.random.choice(
        [
            {"is_active": world.chance(0.6)},
            {"max_budget": _budget(world)},
            {"rpm_limit": _limit(world)},
            {"allowed_models": _model_ids(world) if world.chance(0.5) else []},
            {"name": f"renamed {world.done['change_team']}"},
        ]
    )
    teams.change_team(actor=admin, team_id=_team(world).pk, changes=changes, now=world.now())


def delete_team(world: World, admin: User) -> None:
    if world.chance(0.3):
        teams.delete_team(actor=admin, team_id=_team(world).pk, now=world.now())


def add_member(world: World, admin: User) -> None:
    role = world.random.choice(["member", "member", "viewer", "admin"])
    members.add_member(
        actor=admin,
        team_id=_team(world).pk,
        user_id=_person(world).pk,
        role=role,
        max_budget=_budget(world),
        now=world.now(),
    )


def _member(world: World) -> Any:
    return world.pick(Member.objects.current().exclude(team_id=DEFAULT_TEAM_ID).order_by("joined_at", "pk"))


def change_member(world: World, admin: User) -> None:
    member = _member(world)
    role = world.random.choice([None, "member", "viewer"])
    members.change_member(
        actor=admin,
        team_id=member.team_id,
        user_id=member.user_id,
        role=role,
        max_budget=_budget(world),
        now=world.now(),
    )


def remove_member(world: World, admin: User) -> None:
    member = _member(world)
    heir = None
    if world.chance(0.3):
        heir = world.pick(
            Member.objects.current().filter(team=member.team).exclude(pk=member.pk).order_by("pk")
        )
    members.remove_member(
        actor=admin,
        team_id=member.team_id,
        user_id=member.user_id,
        transfer_keys_to=heir and heir.user_id,
        now=world.now(),
    )


def create_model(world: World, admin: User) -> None:
    if ManagedDeployment.objects.count() < 6:
        form = ModelForm(
            f"ours/model-{world.done['create_model']}",
            backend_model_name="gpt-x",
            api_base="http://127.0.0.1:9/v1",
            max_tokens=4096,
            tpm=1000,
            rpm=10,
            capabilities=("function_calling",),
        )
        managing.create_model(actor=admin, form=form, provider_key=None, restricted=False, now=world.now())


def _managed(world: World) -> Any:
    return world.pick(ManagedDeployment.objects.order_by("model_id").values_list("model_id", flat=True))


def change_model(world: World, admin: User) -> None:
    model_id = _managed(world)
    if model_id is not None:
        changes = {"rpm": world.random.randint(1, 99), "description": f"change {world.done['change_model']}"}
        managing.change_model(actor=admin, model_id=model_id, changes=changes, now=world.now())


def retire_model(world: World, admin: User) -> None:
    model_id = _managed(world)
    if model_id is not None and world.chance(0.4):
        managing.retire_model(actor=admin, model_id=model_id, now=world.now())


def populate(world: World, admin: User) -> None:
    """Some people, teams and keys to begin with."""
    for number in range(25):
        person = register_user(actor=admin, username=f"first{number}", now=world.now())
        for model_id in _model_ids(world):
            subscriptions.subscribing.subscribe(actor=person, model_id=model_id, now=world.now())
    for number in range(4):
        team = teams.create_team(actor=admin, name=f"first team {number}", now=world.now())
        for user_id in world.some(
            User.objects.filter(roles=["user"]).order_by("username").values_list("pk", flat=True), 8
        ):
            members.add_member(actor=admin, team_id=team.pk, user_id=user_id, now=world.now())
    for _ in range(40):
        with suppress(DomainError):
            issue_key(world, admin)


# How often, and what.
ACTS: list[tuple[int, Act]] = [
    (3, join_portal),
    (3, switch_person),
    (10, subscribe),
    (3, cancel),
    (4, decide),
    (4, suspend),
    (6, resume),
    (2, restrict),
    (16, issue_key),
    (8, change_key),
    (6, rotate_key),
    (2, retire_secret),
    (3, block_key),
    (3, unblock_key),
    (3, revoke_key),
    (2, create_team),
    (4, change_team),
    (1, delete_team),
    (6, add_member),
    (3, change_member),
    (4, remove_member),
    (2, create_model),
    (2, change_model),
    (1, retire_model),
]
