"""Which models a key opens."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Q

from apikeys.models.keys import ApiKey
from catalog.models import Model
from subscriptions.models import Subscription
from teams.models import AllowedModel, is_in_team
from teams.roles import USES_KEYS


class ApiKeyModelQuerySet(models.QuerySet["ApiKeyModel"]):
    def effective(self) -> "ApiKeyModelQuerySet":
        """The models that the keys open now: the model is available, the owner is active and subscribed. A team's key
        needs an active team that allows the model, and an owner who is in it; a service key has no owner to ask for.

        What a key opens is always derived from this, so access that ends takes effect with the commit that ends it,
        and what comes back is restored exactly.
        """
        return self.filter(opens_now())


def opens_now() -> Q:
    """The condition of `effective`, for annotations."""
    subscribed = Subscription.objects.active().filter(
        user_id=models.OuterRef("api_key__owner_id"), model_id=models.OuterRef("model_id")
    )
    personal = Q(models.Exists(subscribed), api_key__owner__is_active=True)
    return (
        (personal | Q(api_key__owner__isnull=True))
        & (Q(api_key__team__isnull=True) | _team_lets_it())
        & Q(model__availability=Model.Availability.AVAILABLE)
    )


def _team_lets_it() -> Q:
    allowed = AllowedModel.objects.filter(team_id=models.OuterRef("api_key__team_id"))
    this_one = allowed.filter(model_id=models.OuterRef("model_id"))
    in_team = is_in_team("api_key__team_id", "api_key__owner_id", roles=USES_KEYS)
    return (
        Q(api_key__team__is_active=True)
        & (Q(models.Exists(this_one)) | ~Q(models.Exists(allowed)))
        & (Q(api_key__owner__isnull=True) | in_team)
    )


def is_detached(key: str = "") -> "models.ExpressionWrapper[Q]":
    """Whether the owner of a team's key is not in the team (any more), as an annotation. `key` leads to the key:
    "api_key__" from its secrets."""
    owned = Q(**{f"{key}team__isnull": False, f"{key}owner__isnull": False})
    condition = owned & ~is_in_team(f"{key}team_id", f"{key}owner_id")
    return models.ExpressionWrapper(condition, output_field=models.BooleanField())


class ApiKeyModel(models.Model):
    """A model that the owner chose for the key. Whether it opens is `effective()`."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="model_links")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="key_links")

    objects = ApiKeyModelQuerySet.as_manager()

    class Meta:
        db_table = "api_key_models"
        constraints = [
            models.UniqueConstraint(fields=["api_key", "model"], name="apikey_has_a_model_once"),
        ]

    def __str__(self) -> str:
        return f"{self.api_key_id}: {self.model_id}"


def opened_by() -> ArraySubquery:
    """The models that a key opens now, sorted, as an annotation."""
    links = ApiKeyModel.objects.effective().filter(api_key=models.OuterRef("pk"))
    return ArraySubquery(links.order_by("model_id").values("model_id"))


def opened_models(key_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The models that each of these keys opens now, sorted; keys that open none are left out. One statement."""
    links = ApiKeyModel.objects.effective().filter(api_key__in=set(key_ids))
    opened: dict[UUID, list[str]] = {}
    for key_id, model_id in links.order_by("model_id").values_list("api_key_id", "model_id"):
        opened.setdefault(key_id, []).append(model_id)
    return opened
