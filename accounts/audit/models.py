"""The rows of the record, and of the chain that proves it."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Cast

if TYPE_CHECKING:
    from accounts.models import Actor


class _Searched(Func):
    """The expression of the index `audit_search`."""

    template = "upper(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = models.TextField()


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, actor: "Actor") -> "AuditEventQuerySet":
        """Operators see every row, others what they did themselves."""
        return self if actor.sees_everything else self.filter(actor_id=actor.pk)

    def since(self, moment: datetime) -> "AuditEventQuerySet":
        return self.filter(at__gte=moment)

    def holding(self, text: str) -> "AuditEventQuerySet":
        """Action, object's id or metadata hold the text, whatever the case; or somebody of that name did it."""
        from accounts.models import User

        searched = _Searched("action", "resource_id", Cast("metadata", models.TextField()))
        people = list(User.objects.filter(username__iexact=text).values_list("pk", flat=True))
        held = Q(searched__contains=text.upper())
        return self.alias(searched=searched).filter(held | Q(actor_id__in=people) if people else held)


class AuditEvent(models.Model):
    """One act or refused attempt, written in the act's transaction. Secrets never get in.

    Partitioned by month of `at` (UTC), see `accounts.audit.partitions`. Triggers refuse every change but a redaction.
    The table has one more column, `xid`: the transaction that wrote the row, by which the sealer finds new ones; and
    one more index, for the search of `accounts.audit.queries`.
    """

    # With `at` the primary key in the database; a sequence makes it unique alone too.
    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    # No constraint: the record outlives the person.
    actor = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+",
        db_index=False,
    )  # fmt: skip
    actor_name = models.CharField(max_length=150, blank=True, default="")
    credential = models.CharField(max_length=20, blank=True, default="")
    action = models.CharField(max_length=60)
    resource_type = models.CharField(max_length=40)
    resource_id = models.CharField(max_length=255, blank=True, default="")
    success = models.BooleanField(default=True)
    error_message = models.TextField(blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    old_values = models.JSONField(null=True, blank=True)
    new_values = models.JSONField(null=True, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True, default="")
    request_id = models.CharField(max_length=36, blank=True, default="")
    # Hides what a commitment commits to; gone once something of the row was redacted.
    salt = models.UUIDField(default=uuid.uuid4, null=True, editable=False)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        db_table = "audit_logs"
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["resource_type", "resource_id", "-at"], name="audit_by_resource"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name or 'system'} {self.action}"


class AuditSeal(models.Model):
    """The place of a row in the chain. `leaf` commits to the row, `hash` to it and to everything before."""

    seq = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField()
    at = models.DateTimeField(help_text="The row's own time, which names its partition.")
    leaf = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_seals"
        constraints = [models.UniqueConstraint(fields=["event_id", "at"], name="audit_event_is_sealed_once")]

    def __str__(self) -> str:
        return f"{self.seq}: row {self.event_id}"


class AuditChain(models.Model):
    """Where the chain ends: one row, locked while somebody seals. `snapshot` is what the last sealing could see."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.BinaryField()
    snapshot = models.TextField(default="1:1:")
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_chain"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="audit_chain_is_one")]

    def __str__(self) -> str:
        return f"sealed up to {self.seq}"


class AuditCheckpoint(models.Model):
    """A signed statement that the chain had this hash at this place."""

    seq = models.BigIntegerField(primary_key=True)
    hash = models.BinaryField()
    signed_at = models.DateTimeField()
    key_name = models.CharField(max_length=32)
    public_key = models.BinaryField()
    signature = models.BinaryField()

    class Meta:
        db_table = "audit_checkpoints"

    def __str__(self) -> str:
        return f"checkpoint at {self.seq}"


class AuditRetirement(models.Model):
    """A run of the chain whose rows were taken off with their month. Signed, so that the rest stays provable."""

    first_seq = models.BigIntegerField(primary_key=True)
    last_seq = models.BigIntegerField(unique=True)
    month = models.DateField()
    hash_before = models.BinaryField()
    hash_after = models.BinaryField()
    retired_at = models.DateTimeField()
    key_name = models.CharField(max_length=32)
    public_key = models.BinaryField()
    signature = models.BinaryField()

    class Meta:
        db_table = "audit_retirements"
        constraints = [
            models.CheckConstraint(
                condition=Q(last_seq__gte=models.F("first_seq")), name="audit_retirement_is_a_run"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_seq} to {self.last_seq} of {self.month:%Y-%m}"


class AuditRedaction(models.Model):
    """What is left of the fields that were taken out of a row: enough to recompute its leaf, nothing to read."""

    event_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(help_text="The row's own time.")
    fields = ArrayField(models.CharField(max_length=30))
    commitments = models.JSONField(help_text="Of the redacted fields, hex by name.")
    salts = models.JSONField(help_text="Of the fields that are still there, hex by name.")
    redacted_at = models.DateTimeField()

    class Meta:
        db_table = "audit_redactions"

    def __str__(self) -> str:
        return f"row {self.event_id}: {', '.join(self.fields)}"
