"""The catalogue: what the gateway serves, under the public names that people use."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import Actor

# US dollars per token: 0.000000000000000001 is the smallest step kept, far below what any provider charges.
PRICE_DIGITS, PRICE_PLACES = 30, 18


def price_field() -> "models.DecimalField[Any, Any]":
    """US dollars per token. NULL = the gateway does not know it; 0 = free."""
    return models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_PLACES, null=True, blank=True)


class ModelQuerySet(models.QuerySet["Model"]):
    def available(self) -> "ModelQuerySet":
        return self.filter(availability=Model.Availability.AVAILABLE)

    def visible_to(self, actor: "Actor") -> "ModelQuerySet":
        """Everybody browses what is available; operators also see what has vanished."""
        return self if actor.sees_everything else self.available()

    def held_still(self, pk: str) -> "Model | None":
        """The row, locked so that nobody changes it until we commit, but any number may hold it like this."""
        rows = list(self.raw("SELECT * FROM models WHERE id = %s FOR SHARE", [pk]))
        return rows[0] if rows else None

    def all_held_still(self, pks: list[str]) -> "list[Model]":
        """The same of several, in the order of their ids."""
        return list(self.raw("SELECT * FROM models WHERE id = ANY(%s) ORDER BY id FOR SHARE", [pks]))

    def search(self, text: str, *, also_in: str = "") -> "ModelQuerySet":
        """Name, provider or description holds the text, whatever the case; `also_in` names a column of `ModelText`."""
        if not text:
            return self
        found = Q(id__icontains=text) | Q(provider__icontains=text) | Q(description__icontains=text)
        if also_in:
            found |= Q(pk__in=ModelText.objects.filter(**{f"{also_in}__icontains": text}).values("model"))
        return self.filter(found)


class Model(models.Model):
    """An AI model under its public name. The gateway may serve it by several deployments.

    Facts that the gateway does not report stay NULL. Where deployments differ, the catalogue shows the limits that
    always hold (the smallest context) and the highest price.
    """

    class Type(models.TextChoices):
        CHAT = "chat", _("Chat")
        EMBEDDINGS = "embeddings", _("Embeddings")
        CONVERT = "convert", _("Document conversion")
        OTHER = "other", _("Other")

    class Availability(models.TextChoices):
        AVAILABLE = "available", "Available"
        UNAVAILABLE = "unavailable", "Unavailable"

    id = models.CharField(
        "model", primary_key=True, max_length=255, help_text="The public name at the gateway."
    )
    provider = models.CharField(max_length=100, blank=True, default="")
    description = models.TextField(blank=True, default="")
    model_type = models.CharField(max_length=20, choices=Type.choices, default=Type.CHAT)
    capabilities = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    context_length = models.BigIntegerField(null=True, blank=True)
    max_output_tokens = models.BigIntegerField(null=True, blank=True)
    input_cost_per_token = price_field()
    output_cost_per_token = price_field()
    tpm = models.BigIntegerField("tokens per minute", null=True, blank=True)
    rpm = models.BigIntegerField("requests per minute", null=True, blank=True)
    restricted_access = models.BooleanField(
        default=False, help_text="A subscription needs an administrator's approval."
    )
    availability = models.CharField(
        max_length=20, choices=Availability.choices, default=Availability.AVAILABLE
    )
    unavailable_since = models.DateTimeField(null=True, blank=True)
    # An administrator took it out of the catalogue; the gateway listing its name again does not bring it back.
    retired_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ModelQuerySet.as_manager()

    class Meta:
        db_table = "models"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(availability="available", unavailable_since__isnull=True)
                | Q(availability="unavailable", unavailable_since__isnull=False),
                name="model_unavailable_since_iff_unavailable",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(availability="unavailable"),
                name="model_retired_is_unavailable",
            ),
            models.CheckConstraint(
                condition=(Q(input_cost_per_token__isnull=True) | Q(input_cost_per_token__gte=0))
                & (Q(output_cost_per_token__isnull=True) | Q(output_cost_per_token__gte=0)),
                name="model_prices_are_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "id"], name="model_by_provider"),
            GinIndex(fields=["capabilities"], name="model_by_capability"),
            GinIndex(OpClass(Upper("id"), "gin_trgm_ops"), name="model_name_search"),
            GinIndex(OpClass(Upper("description"), "gin_trgm_ops"), name="model_description_search"),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def name(self) -> str:
        return self.id

    @property
    def is_available(self) -> bool:
        return self.availability == self.Availability.AVAILABLE

    @property
    def description_in_use(self) -> str:
        """In the reader's language, else as the gateway has it. One statement, unless `text` was selected along."""
        text: ModelText | None = getattr(self, "text", None)
        return (text.description if text else "") or self.description


class ModelText(models.Model):  # type: ignore[django-manager-missing]  # modeltranslation puts its own
    """What the portal says of a model in other languages than the gateway, which has one description: the model's own.

    `catalog.translation` gives `description` a column for each language; `description_in_use` says which is shown.
    """

    audit_type = "model"

    model = models.OneToOneField(Model, primary_key=True, on_delete=models.CASCADE, related_name="text")
    description = models.TextField(blank=True, default="")

    class Meta:
        db_table = "model_texts"

    def __str__(self) -> str:
        return self.model_id


class Deployment(models.Model):
    """One row of the gateway's `/model/info`: a backend that serves a model under its public name."""

    id = models.CharField(primary_key=True, max_length=255)
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="deployments")
    provider = models.CharField(max_length=100, blank=True, default="")
    backend_model_name = models.CharField(max_length=255, blank=True, default="")
    api_base = models.CharField(max_length=500, blank=True, default="")
    input_cost_per_token = price_field()
    output_cost_per_token = price_field()
    max_input_tokens = models.BigIntegerField(null=True, blank=True)
    is_managed_by_config = models.BooleanField(default=True)
    facts = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    last_seen_at = models.DateTimeField()
    vanished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "model_deployments"
        ordering = ["model_id", "id"]

    def __str__(self) -> str:
        return f"{self.model_id} by {self.backend_model_name or self.id}"


class ManagedDeploymentQuerySet(models.QuerySet["ManagedDeployment"]):
    def kept(self) -> "ManagedDeploymentQuerySet":
        return self.filter(deleted_at=None)


class ManagedDeployment(models.Model):
    """A backend that administrators of the portal make, change and delete in the gateway: the wish, of which a
    `Deployment` with the same id is the fact.

    `route` is LiteLLM's provider prefix of the backend's name, "" where the name holds it. The provider's key is sealed
    for this row; `provider_key_version` counts its changes and `provider_key_applied` is the one that the gateway has.
    """

    audit_type = "model"
    OPENAI = "openai"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="managed")
    route = models.CharField(max_length=40, blank=True, default=OPENAI)
    backend_model_name = models.CharField(max_length=255)
    api_base = models.CharField(max_length=500, blank=True, default="")
    sealed_provider_key = models.BinaryField(null=True, editable=False)
    provider_key_version = models.IntegerField(default=0, editable=False)
    provider_key_applied = models.IntegerField(default=0, editable=False)
    model_type = models.CharField(max_length=20, choices=Model.Type.choices, default=Model.Type.CHAT)
    capabilities = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    description = models.TextField(blank=True, default="")
    input_cost_per_token = price_field()
    output_cost_per_token = price_field()
    tpm = models.BigIntegerField("tokens per minute", null=True, blank=True)
    rpm = models.BigIntegerField("requests per minute", null=True, blank=True)
    max_tokens = models.BigIntegerField("longest answer in tokens", null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ManagedDeploymentQuerySet.as_manager()

    class Meta:
        db_table = "managed_deployments"
        ordering = ["model_id", "created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["model"],
                condition=Q(deleted_at__isnull=True),
                name="managed_deployment_is_one_per_model",
            ),
            models.CheckConstraint(
                condition=Q(provider_key_applied__lte=F("provider_key_version")),
                name="managed_deployment_key_applied_never_ahead",
            ),
            models.CheckConstraint(
                condition=Q(sealed_provider_key__isnull=True) | Q(provider_key_version__gte=1),
                name="managed_deployment_key_has_a_version",
            ),
            models.CheckConstraint(
                condition=(Q(input_cost_per_token__isnull=True) | Q(input_cost_per_token__gte=0))
                & (Q(output_cost_per_token__isnull=True) | Q(output_cost_per_token__gte=0)),
                name="managed_deployment_prices_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.model_id

    @property
    def key_owner(self) -> str:
        """What the provider's key is sealed for."""
        return f"managed_deployment:{self.pk}"


class PriceQuerySet(models.QuerySet["Price"]):
    def at(self, moment: datetime) -> "PriceQuerySet":
        return self.filter(valid_from__lte=moment).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=moment))


class Price(models.Model):
    """What a model cost from `valid_from` until `valid_to` (NULL = still), in US dollars per token."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="prices")
    input_cost_per_token = price_field()
    output_cost_per_token = price_field()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)

    objects = PriceQuerySet.as_manager()

    class Meta:
        db_table = "model_prices"
        ordering = ["model_id", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["model"], condition=Q(valid_to__isnull=True), name="model_has_one_present_price"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="model_price_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} from {self.valid_from:%Y-%m-%d}"


class SyncRun(models.Model):
    """One reading of the gateway's models: what it changed, or why it changed nothing."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        STOPPED = "stopped", _("Stopped for safety")
        FAILED = "failed", _("Failed")

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.RUNNING)
    trigger = models.CharField(max_length=40, blank=True, default="")
    total_models = models.IntegerField(default=0)
    new_models = models.IntegerField(default=0)
    updated_models = models.IntegerField(default=0)
    unavailable_models = models.IntegerField(default=0)
    restored_models = models.IntegerField(default=0)
    # What the gateway listed and could not be used: how many, and the first of them (`catalog.facts.LeftOut`).
    left_out_count = models.IntegerField(default=0)
    left_out = models.JSONField(blank=True, default=list)
    finding = models.TextField(blank=True, default="")

    class Meta:
        db_table = "model_sync_runs"
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
                name="model_sync_run_is_finished_iff_not_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S} {self.state}"
