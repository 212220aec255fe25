"""The lists of findings and of wishes: what their columns say, on the page and in the file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from litellm_sync.models import Finding, GatewayObject
from litemaas.web.tables import Column, Table
from portal.sync.naming import Named, names_of
from portal.web.gateway_forms import VERDICTS, kind_text
from portal.web.gateway_words import field_text, page_of_object, value_text


@dataclass(frozen=True)
class Row:
    """A finding or a wish as a list shows it."""

    item: Any
    kind: str
    name: str
    state: str = ""
    address: str = ""

    @property
    def verdict(self) -> str:
        return str(VERDICTS.get(self.item.verdict, self.item.verdict))

    @property
    def fields(self) -> str:
        return ", ".join(field_text(str(item["field"])) for item in self.item.differences)

    @property
    def differences(self) -> list[tuple[str, str | None, str | None]]:
        """Field, and both values as texts."""
        return [
            (field_text(item["field"]), value_text(item["portal"]), value_text(item["gateway"]))
            for item in self.item.differences
        ]


FINDINGS: Table[Row] = Table(
    "gateway-differences",
    [
        Column("object", _("Object"), lambda row: row.name, order="label", is_fixed=True),
        Column("kind", _("Kind"), lambda row: row.kind, order="kind"),
        Column("verdict", _("Finding"), lambda row: row.verdict, order="verdict"),
        Column("fields", _("Fields"), lambda row: row.fields),
        Column("found", _("Found"), lambda row: row.item.found_at, order="found_at"),
        Column("state", _("State"), lambda row: row.state),
        Column(
            "id", _("Id in the gateway"), lambda row: row.item.gateway_id, order="gateway_id", is_extra=True
        ),
    ],
    sort="-found",
)
# What was refused for good needs somebody; what was given up comes last.
_URGENCY = Case(
    When(dropped_at__isnull=False, then=Value(3)),
    When(parked_at__isnull=False, then=Value(0)),
    When(attempts__gt=0, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)
QUEUE: Table[Row] = Table(
    "gateway-queue",
    [
        Column("object", _("Object"), lambda row: row.name, is_fixed=True),
        Column("kind", _("Kind"), lambda row: row.kind, order="kind"),
        Column("state", _("State"), lambda row: row.state, order=(_URGENCY, "dirty_since")),
        Column("reason", _("Reason"), lambda row: row.item.last_error),
        Column("since", _("Since"), lambda row: row.item.dirty_since, order="dirty_since"),
        Column("tries", _("Tries"), lambda row: row.item.attempts, order="attempts", numeric=True),
        Column("next", _("Next try"), lambda row: None if row.item.parked_at else row.item.not_before),
    ],
    sort="state",
)


def rows_of_findings(found: Iterable[Finding]) -> list[Row]:
    rows = list(found)
    names = names_of((row.kind, row.object_id) for row in rows)
    return [Row(row, kind_text(row), _name(row, names), _standing(row), _address(row, names)) for row in rows]


def rows_of_wishes(found: Iterable[GatewayObject]) -> list[Row]:
    rows = list(found)
    names = names_of((row.kind, row.object_id) for row in rows)
    return [
        Row(
            row,
            kind_text(row),
            names.get((row.kind, row.object_id)) or str(row.object_id),
            _state(row),
            _address(row, names),
        )
        for row in rows
    ]


def _address(row: Finding | GatewayObject, names: Named) -> str:
    name = names.get((row.kind, row.object_id)) if row.object_id else None
    return page_of_object(row.kind, row.object_id, name)


def _name(row: Finding, names: Named) -> str:
    known = names.get((row.kind, row.object_id)) if row.object_id else None
    return known or row.label or row.gateway_id


def _standing(row: Finding) -> str:
    if row.resolved_at:
        return gettext("Settled")
    if row.repair_asked_at:
        return gettext("Being repaired")
    return gettext("To be looked at")


def _state(row: GatewayObject) -> str:
    if row.dropped_at:
        return gettext("Given up")
    if row.parked_at:
        return gettext("Refused for good")
    return gettext("Failed, will be tried again") if row.attempts else gettext("Waiting")
