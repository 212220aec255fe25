"""What was told of a key before its end."""

from django.db import models

from apikeys.models.keys import ApiKey


class ExpiryNotice(models.Model):
    """That a key's people were told how soon it ends: once for each date of expiry and number of days."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="expiry_notices")
    expires_at = models.DateTimeField()
    days = models.SmallIntegerField()
    told_at = models.DateTimeField()

    class Meta:
        db_table = "api_key_expiry_notices"
        constraints = [
            models.UniqueConstraint(
                fields=["api_key", "expires_at", "days"], name="apikey_expiry_is_told_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.api_key_id}: {self.days}"
