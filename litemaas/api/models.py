"""What the API itself remembers."""

from django.db import models
from django.db.models import Q


class IdempotentRequest(models.Model):
    """A POST that came with an Idempotency-Key, and its first answer. `status` NULL = it is being carried out.

    `target` is the SHA-256 of method and path, `digest` that of the body. `sealed_body` is the answer with its secret,
    kept for minutes only; `body` never holds one.
    """

    principal = models.CharField(max_length=80)
    target = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    digest = models.CharField(max_length=64)
    claim = models.UUIDField()
    locked_until = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    status = models.IntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)
    sealed_body = models.BinaryField(null=True)
    sealed_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "idempotent_requests"
        constraints = [
            models.UniqueConstraint(
                fields=["principal", "target", "key"], name="idempotent_request_is_one_per_key"
            ),
            models.CheckConstraint(
                condition=Q(status__isnull=True, body__isnull=True)
                | Q(status__isnull=False, body__isnull=False),
                name="idempotent_request_has_a_body_iff_answered",
            ),
            models.CheckConstraint(
                condition=Q(sealed_body__isnull=True) | Q(sealed_until__isnull=False),
                name="idempotent_request_secret_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal} {self.key}"
