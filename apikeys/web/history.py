"""What was done to a key, for its page."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEvent
from apikeys.models import ApiKey


@dataclass(frozen=True)
class Happening:
    """One line of a key's history."""

    at: datetime
    who: str
    what: str


_WORDS = {
    "CREATE": _("Created"),
    "UPDATE": _("Changed"),
    "ROTATE": _("Rotated"),
    "SECRET_RETIRE": _("Former key ended"),
    "TRANSFER": _("Taken over"),
    "SPEND_RESET": _("Spend counted anew"),
    "RETRIEVE_FULL": _("Revealed"),
    "BLOCK": _("Blocked"),
    "UNBLOCK": _("Unblocked"),
    "REVOKE": _("Revoked"),
    "DELETE": _("Deleted"),
}
_ADMINISTRATORS = {
    "ADMIN_CREATE_API_KEY": "CREATE",
    "ADMIN_UPDATE_API_KEY": "UPDATE",
    "ADMIN_RESET_API_KEY_SPEND": "SPEND_RESET",
    "ADMIN_REVOKE_API_KEY": "REVOKE",
    "ADMIN_DELETE_API_KEY": "DELETE",
}
_LONGEST_HISTORY = 20


def history_of(key: ApiKey) -> list[Happening]:
    """What was done to a key, newest first, in words; refused attempts are for auditors."""
    words = {f"API_KEY_{act}": word for act, word in _WORDS.items()}
    words |= {action: _WORDS[act] for action, act in _ADMINISTRATORS.items()}
    rows = AuditEvent.objects.filter(resource_type="API_KEY", resource_id=str(key.pk), success=True)
    found = rows.filter(action__in=words).order_by("-at", "-pk").values_list("at", "actor_name", "action")
    return [Happening(at, who, str(words[action])) for at, who, action in found[:_LONGEST_HISTORY]]
