"""Which models a key opens."""

from django.db import models

from apikeys.models.keys import ApiKey
from catalog.models import Model
from subscriptions.models import Subscription


class ApiKeyModelQuerySet(models.QuerySet["ApiKeyModel"]):
    def effective(self) -> "ApiKeyModelQuerySet":
        """The models that the keys open now: the owner is active, subscribed, and the model is available.

        What a key opens is always derived from this, so access that ends takes effect with the commit that ends it,
        and what comes back is restored exactly.
        """
        subscribed = Subscription.objects.active().filter(
            user_id=models.OuterRef("api_key__owner_id"), model_id=models.OuterRef("model_id")
        )
        return self.filter(
            models.Exists(subscribed),
            api_key__owner__is_active=True,
            model__availability=Model.Availability.AVAILABLE,
        )


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
