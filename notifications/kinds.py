"""What the portal tells people about, and where each of them wants to read it.

Preferences keep it as `{"notifications": {"<kind>": {"portal": bool, "mail": bool}}}`; what is not there has the
kind's default.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Channel = Literal["portal", "mail"]
Audience = Literal["everybody", "operators", "administrators"]


@dataclass(frozen=True)
class Kind:
    """`codes` are the values of `Notification.kind` that belong to it; `by_mail` says whether it is mailed unasked."""

    name: str
    label: str | Promise
    icon: str
    codes: tuple[str, ...]
    by_mail: bool = False
    audience: Audience = "everybody"


KINDS = (
    Kind(
        "subscription_decided",
        _("Decisions on your subscriptions"),
        "cubes",
        (
            "subscription_decided",
            *("subscription_active", "subscription_denied", "subscription_pending"),
            *("subscription_suspended", "subscription_inactive"),
        ),
        by_mail=True,
    ),
    Kind("subscription_quota", _("Quotas that are used up"), "tachometer", ("subscription_quota",)),
    Kind(
        "budget_threshold", _("Budgets that reach a threshold"), "wallet", ("budget_threshold",), by_mail=True
    ),
    Kind("key_expiring", _("API keys about to expire"), "calendar", ("key_expiring",), by_mail=True),
    Kind(
        "key_changed",
        _("API keys that were rotated or blocked"),
        "key",
        ("key_changed", "key_rotated", "key_blocked"),
    ),
    Kind("invitation", _("Invitations to a team"), "users", ("invitation",), by_mail=True),
    Kind("job_finished", _("Long tasks that ended"), "check-circle", ("job_finished",), by_mail=True),
    Kind("banner", _("Announcements"), "flag", ("banner",)),
    Kind(
        "subscription_requested",
        _("Requests that wait for a decision"),
        "clipboard",
        ("subscription_requested",),
        audience="administrators",
    ),
    Kind("sync_problem", _("Problems with the gateway"), "server", ("sync_problem",), audience="operators"),
)
# What a page said in passing, kept so that it can be read again. Nobody switches it.
MESSAGE = Kind("message", _("Messages of pages"), "info-circle", ("message",))

_BY_CODE = {code: kind for kind in (*KINDS, MESSAGE) for code in kind.codes}


def kind_of(code: str) -> Kind | None:
    return _BY_CODE.get(code)


def label_of(code: str) -> Any:
    """In words; a code of no kind as it is."""
    kind = kind_of(code)
    return kind.label if kind else code


def kinds_for(user: Any) -> list[Kind]:
    """Those that this person can be told about."""
    seen = {"everybody"}
    if user.sees_everything:
        seen.add("operators")
    if user.is_admin:
        seen.add("administrators")
    return [kind for kind in KINDS if kind.audience in seen]


def wants(preferences: Mapping[str, Any], code: str, channel: Channel) -> bool:
    """Whether somebody with these preferences wants to be told this there. A code of no kind is told in the portal."""
    kind = kind_of(code)
    if kind is None:
        return channel == "portal"
    chosen = preferences.get("notifications")
    chosen = chosen if isinstance(chosen, dict) else {}
    own = chosen.get(kind.name)
    if isinstance(own, dict) and isinstance(own.get(channel), bool):
        return bool(own[channel])
    if channel == "portal":
        return True
    if kind.name == "budget_threshold" and isinstance(chosen.get("budgetMail"), bool):
        # What the REST API offered before there was a choice per kind.
        return bool(chosen["budgetMail"])
    return kind.by_mail
