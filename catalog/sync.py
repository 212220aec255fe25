"""Reading the gateway's models into the catalogue.

One run at a time, guarded by an advisory lock that dies with its process. The gateway is asked outside of any
transaction; what it said is written in one. An empty or much shorter answer changes nothing.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, options
from accounts.models import Actor
from catalog.errors import EmptyCatalogue, SyncRunning, SyncSafetyStop
from catalog.facts import DeploymentFacts, Json, LeftOut, ModelFacts, read_deployments
from catalog.models import Deployment, ManagedDeployment, Model, ModelQuerySet, Price, SyncRun
from catalog.services import availability_changed
from catalog.telling import tell_operators
from litellm_sync.client import GatewayClient, gateway
from litemaas.errors import DomainError, Forbidden
from litemaas.locks import advisory_lock

Progress = Callable[[int, int], None]
_LOCK = "catalog.sync"
# More rows that can't be used than these are counted, but not kept with the run.
_MOST_LEFT_OUT = 100


@dataclass
class Summary:
    """What a run did, or with `dry_run` would do. Lists hold public model names."""

    total: int = 0
    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    synced_at: datetime | None = None
    dry_run: bool = False
    run_id: int | None = None

    @property
    def problems(self) -> list[str]:
        """A sentence for each row that could not be used."""
        return [str(one) for one in self.left_out]


def _no_progress(_done: int, _total: int) -> None:
    return None


def sync_models(
    *,
    actor: Actor,
    trigger: str,
    confirm: bool = False,
    marks_missing: bool = True,
    rewrites: bool = False,
    dry_run: bool = False,
    client: GatewayClient | None = None,
    progress: Progress = _no_progress,
) -> Summary:
    """Make the catalogue what the gateway serves now. Without `marks_missing` models that it does not list stay as
    they are, so there is nothing to confirm. With `rewrites` models without a change are written, too, and count as
    updated: for rows that something else than the portal has touched.

    Raises Forbidden, SyncRunning, EmptyCatalogue, SyncSafetyStop (unless `confirm`) and the gateway's errors; in all
    of these the catalogue is unchanged and, except for the first two, the run says why.
    """
    if not actor.may("admin:models"):
        raise Forbidden(requiredPermission="admin:models")
    with advisory_lock(_LOCK) as is_mine:
        if not is_mine:
            raise SyncRunning
        if dry_run:
            return _preview(client or gateway(), confirm, marks_missing, rewrites)
        return _run(actor, trigger, confirm, marks_missing, rewrites, client or gateway(), progress)


def _run(
    actor: Actor,
    trigger: str,
    confirm: bool,
    marks_missing: bool,
    rewrites: bool,
    client: GatewayClient,
    progress: Progress,
) -> Summary:
    # A run that still counts as running belongs to a process that died: we hold the lock.
    now = timezone.now()
    SyncRun.objects.filter(state=SyncRun.State.RUNNING).update(
        state=SyncRun.State.FAILED, finished_at=now, finding="The process that ran it was stopped."
    )
    run = SyncRun.objects.create(started_at=now, trigger=trigger)
    try:
        models, left_out = _read(client, confirm or not marks_missing)
        summary = _write(actor, models, marks_missing, rewrites, progress)
    except DomainError as error:
        stopped = isinstance(error, SyncSafetyStop | EmptyCatalogue)
        run.state = SyncRun.State.STOPPED if stopped else SyncRun.State.FAILED
        run.finding = error.message
        with transaction.atomic():
            _finish(run)
            tell_operators(run, actor, now=now)
        raise
    summary.left_out, summary.run_id = left_out, run.pk
    run.state = SyncRun.State.SUCCEEDED
    run.left_out_count = len(left_out)
    run.left_out = [asdict(one) for one in left_out[:_MOST_LEFT_OUT]]
    _count(run, summary)
    _finish(run)
    return summary


def _read(client: GatewayClient, confirm: bool) -> tuple[list[ModelFacts], list[LeftOut]]:
    models, left_out = read_deployments(client.list_deployments())
    if not models:
        raise EmptyCatalogue
    known = Model.objects.available().count()
    vanished = known - Model.objects.available().filter(pk__in=[m.name for m in models]).count()
    safe = int(options.value("syncSafetyPercent"))
    if not confirm and vanished * 100 > known * safe:
        raise SyncSafetyStop(
            _(
                "The gateway no longer lists %(vanished)s of %(known)s models. That is more than "
                "%(safe)s %%, so nothing was changed. Confirm if it is meant."
            )
            % {"vanished": vanished, "known": known, "safe": safe},
            vanished=vanished,
            total=known,
        )
    return models, left_out


def _preview(client: GatewayClient, confirm: bool, marks_missing: bool, rewrites: bool) -> Summary:
    models, left_out = _read(client, confirm or not marks_missing)
    with transaction.atomic():
        summary = _Writer(models, timezone.now(), rewrites).write_all(_no_progress, marks_missing)
        transaction.set_rollback(True)
    summary.left_out, summary.dry_run = left_out, True
    return summary


@transaction.atomic(durable=True)
def _write(
    actor: Actor, models: list[ModelFacts], marks_missing: bool, rewrites: bool, progress: Progress
) -> Summary:
    now = timezone.now()
    summary = _Writer(models, now, rewrites).write_all(progress, marks_missing)
    changed = sorted({*summary.unavailable, *summary.restored})
    if changed:
        availability_changed(changed, now)
    if changed or summary.new or summary.updated:
        audit.record(
            "MODELS_SYNC",
            actor=actor,
            resource=("MODEL", ""),
            at=now,
            new={name: getattr(summary, name) for name in ("new", "updated", "unavailable", "restored")},
        )
    return summary


def take_in(row: Json) -> None:
    """Write what the gateway says of one deployment of ours, in the caller's transaction: the model becomes available
    with it, and not only with the next run."""
    now = timezone.now()
    models, _left_out = read_deployments([row])
    summary = _Writer(models, now).write_these()
    if summary.restored:
        availability_changed(summary.restored, now)


# Another process of the gateway learns of a deployment half a minute later, and may be the one that answers the list.
_IS_SLOW_TO_SHOW = timedelta(minutes=2)


class _Writer:
    """Writes one reading of the gateway; the rows that it is about are locked meanwhile, in one order."""

    def __init__(self, models: list[ModelFacts], now: datetime, rewrites: bool = False) -> None:
        self.models = models
        self.now = now
        self._rewrites = rewrites
        self.summary = Summary(total=len(models), synced_at=now)
        self._same: list[str] = []
        self._written: list[Model] = []

    def write_all(self, progress: Progress, marks_missing: bool) -> Summary:
        """`models` is everything that the gateway has."""
        present = self._locked(Model.objects.all())
        for done, facts in enumerate(self.models, start=1):
            self._model(facts, present.get(facts.name))
            progress(done, len(self.models))
        self._save()
        if marks_missing:
            self._vanish([row for name, row in present.items() if name not in {m.name for m in self.models}])
        self._deployments()
        if marks_missing:
            gone = Deployment.objects.filter(vanished_at=None).exclude(pk__in=self._seen)
            gone.update(vanished_at=self.now)
        return self.summary

    def write_these(self) -> Summary:
        """`models` is a part of what it has."""
        present = self._locked(Model.objects.filter(pk__in=[facts.name for facts in self.models]))
        for facts in self.models:
            self._model(facts, present.get(facts.name))
        self._save()
        self._deployments()
        return self.summary

    def _locked(self, rows: ModelQuerySet) -> dict[str, Model]:
        return {row.pk: row for row in rows.order_by("pk").select_for_update(no_key=True)}

    def _model(self, facts: ModelFacts, row: Model | None) -> None:
        columns = facts.as_columns()
        if row is None:
            restricted = facts.is_restricted or False
            row = Model(pk=facts.name, created_at=self.now, restricted_access=restricted, **columns)
            self.summary.new.append(facts.name)
        elif row.retired_at is not None:
            return
        elif not self._rewrites and row.is_available and not self._changed(row, columns):
            self._same.append(row.pk)
            return
        else:
            self._restore(row) if not row.is_available else self.summary.updated.append(row.pk)
            for name, value in columns.items():
                setattr(row, name, value)
        row.updated_at = row.last_seen_at = self.now
        self._written.append(row)

    def _save(self) -> None:
        """The same few statements for one model and for a thousand."""
        if self._same:
            Model.objects.filter(pk__in=self._same).update(last_seen_at=self.now)
        columns = [field.name for field in Model._meta.concrete_fields if not field.primary_key]
        Model.objects.bulk_create(
            self._written, update_conflicts=True, unique_fields=["id"], update_fields=columns
        )
        self._prices(self._written)

    def _changed(self, row: Model, columns: Json) -> bool:
        return any(getattr(row, name) != value for name, value in columns.items())

    def _restore(self, row: Model) -> None:
        row.availability, row.unavailable_since = Model.Availability.AVAILABLE, None
        self.summary.restored.append(row.pk)

    def _prices(self, rows: list[Model]) -> None:
        """Close the present prices and open new ones where they changed; past usage keeps what it cost."""
        if not rows:
            return
        found = Price.objects.filter(model__in=[row.pk for row in rows], valid_to=None)
        present = {price.model_id: price for price in found}
        ended, opened = [], []
        for row in rows:
            before, costs = present.get(row.pk), (row.input_cost_per_token, row.output_cost_per_token)
            was = (before.input_cost_per_token, before.output_cost_per_token) if before else (None, None)
            if was == costs:
                continue
            if before is not None:
                ended.append(before.pk)
            opened.append(
                Price(
                    model=row,
                    input_cost_per_token=costs[0],
                    output_cost_per_token=costs[1],
                    valid_from=self.now,
                )
            )
        if ended:
            Price.objects.filter(pk__in=ended).update(valid_to=self.now)
        Price.objects.bulk_create(opened)

    def _vanish(self, rows: list[Model]) -> None:
        fresh = ManagedDeployment.objects.kept().filter(updated_at__gt=self.now - _IS_SLOW_TO_SHOW)
        kept = set(fresh.values_list("model_id", flat=True))
        gone = [row.pk for row in rows if row.is_available and row.pk not in kept]
        Model.objects.filter(pk__in=gone).update(
            availability=Model.Availability.UNAVAILABLE, unavailable_since=self.now, updated_at=self.now
        )
        self.summary.unavailable.extend(gone)

    def _deployments(self) -> None:
        rows = [self._deployment(d) for model in self.models for d in model.deployments]
        columns = [f.name for f in Deployment._meta.concrete_fields if not f.primary_key]
        Deployment.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["id"], update_fields=columns
        )

    @property
    def _seen(self) -> list[str]:
        return [d.id for model in self.models for d in model.deployments]

    def _deployment(self, facts: DeploymentFacts) -> Deployment:
        return Deployment(
            id=facts.id,
            model_id=facts.model,
            provider=facts.provider,
            backend_model_name=facts.backend_model_name,
            api_base=facts.api_base,
            input_cost_per_token=facts.input_cost,
            output_cost_per_token=facts.output_cost,
            max_input_tokens=facts.max_input_tokens,
            is_managed_by_config=facts.is_managed_by_config,
            facts=facts.raw,
            last_seen_at=self.now,
            vanished_at=None,
        )


def _count(run: SyncRun, summary: Summary) -> None:
    run.total_models = summary.total
    run.new_models = len(summary.new)
    run.updated_models = len(summary.updated)
    run.unavailable_models = len(summary.unavailable)
    run.restored_models = len(summary.restored)


def _finish(run: SyncRun) -> None:
    run.finished_at = timezone.now()
    run.save()
