"""Icons and labels: a thing's state in colour, sign and word at once (never by colour alone)."""

from functools import lru_cache
from typing import NamedTuple

from django.template import Library
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from litemaas.web.elements import render

register = Library()


class Look(NamedTuple):
    """How a state is shown: one of PatternFly's label colours, an icon of the sprite, the word."""

    tone: str
    icon: str
    word: str | Promise


SUBSCRIPTION_LOOKS = {
    "active": Look("green", "check", _("Active")),
    "pending": Look("blue", "clock", _("Pending")),
    "denied": Look("red", "times", _("Denied")),
    "suspended": Look("orange", "exclamation", _("Suspended")),
    "inactive": Look("grey", "ban", _("Inactive")),
    "expired": Look("red", "hourglass", _("Expired")),
}
KEY_LOOKS = {
    "active": Look("green", "check", _("Active")),
    "provisioning": Look("blue", "clock", _("Being set up")),
    "blocked": Look("orange", "lock", _("Blocked")),
    "rotating": Look("blue", "sync", _("Rotating")),
    "revoked": Look("grey", "ban", _("Revoked")),
    "expired": Look("red", "hourglass", _("Expired")),
}
USER_LOOKS = {
    "active": Look("green", "check", _("Active")),
    "inactive": Look("grey", "ban", _("Inactive")),
}
CAPABILITY_LOOKS = {
    "chat": Look("blue", "comments", _("Chat")),
    "embeddings": Look("green", "layer-group", _("Embeddings")),
    "tokenize": Look("orangered", "tag", _("Tokenize")),
    "convert": Look("orange", "file", _("Document conversion")),
    "vision": Look("teal", "eye", _("Vision")),
    "function_calling": Look("purple", "code", _("Function calling")),
    "parallel_function_calling": Look("yellow", "list", _("Parallel functions")),
    "tool_choice": Look("grey", "wrench", _("Tool choice")),
}


def labelled(looks: dict[str, Look], state: str) -> SafeString:
    """The label of a state. A state that is not in the table is shown as it is, in grey."""
    look = looks.get(state) or Look("grey", "question-circle", state)
    return render("label", text=look.word, tone=look.tone, icon=look.icon)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers unless `label` says what it means."""
    return _icon(name, str(label))


@lru_cache(maxsize=512)
def _icon(name: str, label: str) -> SafeString:
    # A table has hundreds of icons, all from a few dozen names: drawing each anew took a third of a page's time.
    return render("icon", name=name, label=label)


@register.simple_tag
def label(text: str, tone: str = "grey", icon: str = "", href: str = "", title: str = "") -> SafeString:
    """`tone`: blue, teal, green, orange, purple, red, orangered, yellow or grey."""
    return render("label", text=text, tone=tone, icon=icon, href=href, title=title)


@register.simple_block_tag
def labels(content: str, label: str = "") -> SafeString:
    """Several labels in a row that wraps. `label` names the group for screen readers."""
    return render("labels", content=content, label=label)


@register.simple_tag
def subscription_status(status: str) -> SafeString:
    return labelled(SUBSCRIPTION_LOOKS, status)


@register.simple_tag
def key_status(status: str) -> SafeString:
    return labelled(KEY_LOOKS, status)


@register.simple_tag
def user_status(is_active: bool) -> SafeString:
    return labelled(USER_LOOKS, "active" if is_active else "inactive")


@register.simple_tag
def capability(name: str) -> SafeString:
    return labelled(CAPABILITY_LOOKS, name)


@register.simple_tag
def restricted() -> SafeString:
    """The mark of a model that needs an approval."""
    return render("label", text=_("Restricted"), tone="orange", icon="lock")
