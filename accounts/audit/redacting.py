"""Taking personal data out of the record for good, without breaking its chain."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit.leaves import REDACTABLE, Row, commitment, field_salts, leaf_of, rows_by_id
from accounts.audit.models import AuditEvent, AuditRedaction, AuditSeal
from accounts.audit.recording import record
from accounts.models import Actor
from litemaas import errors

# As the REST API names what may be taken out.
FIELD_OF = {
    "username": "actor_name",
    "resourceId": "resource_id",
    "errorMessage": "error_message",
    "metadata": "metadata",
    "oldValues": "old_values",
    "newValues": "new_values",
    "ipAddress": "ip_address",
    "userAgent": "user_agent",
}
NAME_OF = {field: name for name, field in FIELD_OF.items()}
# What stands where something was.
_EMPTY: dict[str, Any] = {"metadata": {}, "old_values": None, "new_values": None, "ip_address": None}


class NotChainedYet(errors.Conflict):
    default_message = gettext_lazy("This row is not chained yet. Try again in a few seconds.")


class RedactedBefore(errors.Conflict):
    default_message = gettext_lazy(
        "Something of this row was redacted before; its other fields stay as they are."
    )


@transaction.atomic(durable=True)
def redact_event(
    *, actor: Actor, event_id: int, fields: list[str], reason: str, now: datetime
) -> AuditRedaction:
    """Empty fields of a row. What they held can neither be read nor guessed afterwards; the act is recorded itself.

    Raises Forbidden, NotFound, InvalidInput, NotChainedYet and RedactedBefore.
    """
    if not actor.may("admin:settings"):
        raise errors.Forbidden(requiredPermission="admin:settings")
    if not reason.strip():
        raise errors.InvalidInput(fields={"reason": _("Say why it is taken out.")})
    unknown = sorted(set(fields) - set(REDACTABLE))
    if unknown or not fields:
        raise errors.InvalidInput(
            fields={"fields": _("Fields must be some of %(names)s.") % {"names": ", ".join(REDACTABLE)}}
        )
    event = AuditEvent.objects.filter(pk=event_id).first()
    if event is None:
        raise errors.NotFound(_("This row of the record does not exist."))
    if event.salt is None:
        raise RedactedBefore
    seal = AuditSeal.objects.filter(event_id=event.pk, at=event.at).first()
    row = rows_by_id({event.pk: event.at})[event.pk]
    if seal is None:
        raise NotChainedYet
    if leaf_of(row) != bytes(seal.leaf):
        raise errors.Conflict(_("This row is not what was recorded. Run verify_audit."))
    left = _keep(row, sorted(set(fields)), now)
    _empty(event, left.fields)
    record(
        "AUDIT_REDACT",
        actor=actor,
        resource=("SECURITY", str(event.pk)),
        at=now,
        metadata={"fields": left.fields, "reason": reason, "leaf": bytes(seal.leaf).hex()},
    )
    return left


def _keep(row: Row, fields: list[str], now: datetime) -> AuditRedaction:
    assert row.salt is not None  # noqa: S101  a row without one was refused
    salts = field_salts(row.salt)
    values = dict(zip(REDACTABLE, row.redactable, strict=True))
    return AuditRedaction.objects.create(
        event_id=row.id,
        at=row.at,
        fields=fields,
        commitments={name: commitment(salts[name], values[name]).hex() for name in fields},
        salts={name: salt.hex() for name, salt in salts.items() if name not in fields},
        redacted_at=now,
    )


def _empty(event: AuditEvent, fields: list[str]) -> None:
    with connection.cursor() as cursor:
        # For this transaction; the trigger lets this one row be emptied and looks at what changes.
        cursor.execute("SELECT set_config('litemaas.audit_redacts', %s, true)", [str(event.pk)])
    values = {name: _EMPTY.get(name, "") for name in fields}
    AuditEvent.objects.filter(pk=event.pk, at=event.at).update(salt=None, **values)
