"""Rows for tests. Everything that has a use case is changed through it; these only set the scene."""

from datetime import UTC, datetime
from decimal import Decimal

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from accounts.models import User
from catalog.models import Model
from subscriptions.models import Subscription
from teams.models import Team

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "correct-horse-battery"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda o: f"{o.username}@example.com")
    full_name = factory.LazyAttribute(lambda o: o.username.title())
    roles = ["user"]

    class Params:
        is_operator = factory.Trait(roles=["admin", "user"])
        is_auditor = factory.Trait(roles=["admin-readonly", "user"])
        # Hashing is slow on purpose: only those get a password who sign in with it.
        signs_in = factory.Trait(password=factory.LazyFunction(lambda: make_password(PASSWORD)))


class ModelFactory(DjangoModelFactory[Model]):
    class Meta:
        model = Model

    id = factory.Sequence(lambda n: f"lab/model-{n}")
    provider = "openai"
    capabilities = ["chat"]
    context_length = 128_000
    input_cost_per_token = Decimal("0.000001")
    output_cost_per_token = Decimal("0.000002")
    created_at = NOW
    updated_at = NOW


class SubscriptionFactory(DjangoModelFactory[Subscription]):
    class Meta:
        model = Subscription

    user = factory.SubFactory(UserFactory)
    model = factory.SubFactory(ModelFactory)
    status = Subscription.Status.ACTIVE
    suspended_by = factory.LazyAttribute(lambda o: "owner" if o.status == "suspended" else "")
    quota_requests = 10_000
    quota_tokens = 1_000_000
    status_changed_at = NOW
    created_at = NOW
    updated_at = NOW


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")
