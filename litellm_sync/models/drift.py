"""What the reconciler found: its runs, and where portal and gateway disagree."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from litellm_sync.models.outbox import GatewayObject
from litemaas.errors import NotFound


class SyncRun(models.Model):
    """One comparison of portal and gateway. `results` holds a summary for each kind, see `reconciler.KindReport`."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        INCOMPLETE = "incomplete", "Incomplete"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    is_dry_run = models.BooleanField("dry run", default=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    results = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")

    class Meta:
        db_table = "gateway_sync_runs"
        get_latest_by = "started_at"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
                name="gateway_sync_run_ends_when_it_stops",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "completed", "incomplete", "failed"]),
                name="gateway_sync_run_state_is_known",
            ),
        ]
        indexes = [models.Index(fields=["-started_at"], name="gateway_sync_run_by_start")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.state}"


class Sighted(models.Model):
    """An object of the gateway that a run has met; kept for the run only. What is expected and not here is missing."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=10)
    gateway_id = models.CharField(max_length=255)

    class Meta:
        db_table = "gateway_sightings"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kind", "gateway_id"], name="gateway_sighting_is_one_per_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} seen by run {self.run_id}"


class FindingQuerySet(models.QuerySet["Finding"]):
    def open(self) -> "FindingQuerySet":
        """What the last complete comparison still found."""
        return self.filter(resolved_at__isnull=True)

    def shown(self, now: datetime) -> "FindingQuerySet":
        """Open, and not ignored at present."""
        return self.open().exclude(ignored_until__gt=now)

    def in_bulk_by_gateway_id(self, kind: str, gateway_ids: Iterable[str]) -> "dict[str, Finding]":
        found = self.filter(kind=kind, gateway_id__in=list(gateway_ids))
        return {finding.gateway_id: finding for finding in found}

    def get_or_refuse(self, pk: int) -> "Finding":
        try:
            return self.get(pk=pk)
        except (Finding.DoesNotExist, ValueError, OverflowError):
            raise NotFound(_("There is no such finding.")) from None


class Finding(models.Model):
    """One object about which portal and gateway disagree.

    `differences` lists `{field, portal, gateway}` without secrets. `object_id` NULL = unknown to the portal.
    """

    audit_type = "gateway_finding"

    class Verdict(models.TextChoices):
        MISSING = "missing", "Missing in the gateway"
        DIFFERENT = "different", "Different in the gateway"
        UNKNOWN = "unknown", "Unknown to the portal"

    kind = models.CharField(max_length=10, choices=GatewayObject.Kind.choices)
    gateway_id = models.CharField(max_length=255)
    object_id = models.UUIDField(null=True, blank=True)
    label = models.CharField(max_length=255, blank=True, default="")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    differences = models.JSONField(default=list)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    run = models.ForeignKey(
        SyncRun, null=True, on_delete=models.SET_NULL, related_name="findings", db_index=False
    )
    repair_asked_at = models.DateTimeField(null=True, blank=True)
    ignored_until = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        db_table = "gateway_findings"
        constraints = [
            models.UniqueConstraint(fields=["kind", "gateway_id"], name="gateway_finding_is_one_per_object"),
            models.CheckConstraint(
                condition=Q(verdict="unknown", object_id__isnull=True)
                | Q(verdict__in=["missing", "different"], object_id__isnull=False),
                name="gateway_finding_knows_what_is_ours",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "-found_at"],
                condition=Q(resolved_at__isnull=True),
                name="gateway_finding_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label or self.gateway_id}: {self.verdict}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    def is_ignored(self, now: datetime) -> bool:
        return self.ignored_until is not None and self.ignored_until > now
