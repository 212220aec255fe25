"""A banner and its changes as the pages show them: the list with its columns, the history."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from litemaas.web.tables import Column, Table
from portal.look import shown
from portal.models import Banner, BannerChange
from portal.web.people.words import ROLES
from portal.web.settings.banner_forms import VARIANTS

_ACTIONS = {
    "create": gettext_lazy("Created"),
    "update": gettext_lazy("Changed"),
    "delete": gettext_lazy("Deleted"),
    "activate": gettext_lazy("Shown"),
    "deactivate": gettext_lazy("Hidden"),
}
_TITLES = {
    "name": gettext_lazy("Name"),
    "is_active": gettext_lazy("Visible"),
    "priority": gettext_lazy("Priority"),
    "content": gettext_lazy("Text"),
    "variant": gettext_lazy("Style"),
    "is_dismissible": gettext_lazy("Readers may close it"),
    "dismiss_hours": gettext_lazy("Comes back after so many hours"),
    "starts_at": gettext_lazy("Shown from"),
    "ends_at": gettext_lazy("Shown until"),
    "target_roles": gettext_lazy("Only for roles"),
    "target_user_ids": gettext_lazy("Only for users"),
    "link_url": gettext_lazy("Link"),
    "link_text": gettext_lazy("Text of the link"),
    "is_markdown": gettext_lazy("The text is Markdown"),
}


@dataclass(frozen=True)
class Row:
    """A banner as the list shows it."""

    item: Banner

    @property
    def variant(self) -> str:
        return str(dict(VARIANTS)[self.item.variant])

    @property
    def state(self) -> str:
        """now, later, over or hidden: whether anybody sees it."""
        now = timezone.now()
        if not self.item.is_active:
            return "hidden"
        if self.item.starts_at and self.item.starts_at > now:
            return "later"
        return "over" if self.item.ends_at and self.item.ends_at <= now else "now"

    @property
    def excerpt(self) -> str:
        """The English text without the marks of Markdown."""
        return " ".join(unescape(strip_tags(shown(self.item, "en").html)).split())

    @property
    def targets(self) -> str:
        meant = [_roles(self.item.target_roles), _people(self.item.target_user_ids)]
        return ", ".join(part for part in meant if part) or _("Everybody")


@dataclass
class Change:
    """One line of the history. `differences`: title, value before, value after."""

    item: BannerChange

    @property
    def action(self) -> str:
        return str(_ACTIONS[self.item.action])

    @cached_property
    def differences(self) -> list[tuple[str, str, str]]:
        old, new = self.item.previous_state or {}, self.item.new_state or {}
        if self.item.action != BannerChange.Action.UPDATE:
            return []
        return [
            (str(title), _told(old.get(name), name), _told(new.get(name), name))
            for name, title in _TITLES.items()
            if old.get(name) != new.get(name)
        ]


def _roles(codes: list[str]) -> str:
    return ", ".join(str(ROLES.get(code, code)) for code in codes)


def _people(ids: list[Any]) -> str:
    return ngettext("%(n)s user", "%(n)s users", len(ids)) % {"n": len(ids)} if ids else ""


def _told(value: Any, name: str) -> str:
    if name == "target_roles":
        return _roles(value or []) or "–"
    if name == "target_user_ids":
        return _people(value or []) or "–"
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, dict):
        return "; ".join(f"{code}: {text}" for code, text in sorted(value.items())) or "–"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)


TABLE: Table[Row] = Table(
    "banners",
    [
        Column(
            "visible",
            gettext_lazy("Visible"),
            lambda row: row.item.is_active,
            order="is_active",
            is_fixed=True,
        ),
        Column("name", gettext_lazy("Name"), lambda row: row.item.name, order="name", is_fixed=True),
        Column("style", gettext_lazy("Style"), lambda row: row.variant, order="variant"),
        Column(
            "priority",
            gettext_lazy("Priority"),
            lambda row: row.item.priority,
            order="priority",
            numeric=True,
        ),
        Column("starts", gettext_lazy("Shown from"), lambda row: row.item.starts_at, order="starts_at"),
        Column("ends", gettext_lazy("Shown until"), lambda row: row.item.ends_at, order="ends_at"),
        Column("targets", gettext_lazy("For"), lambda row: row.targets),
        Column("updated", gettext_lazy("Updated"), lambda row: row.item.updated_at, order="updated_at"),
    ],
    sort="-priority",
)


def rows_of(found: Iterable[Banner]) -> list[Row]:
    return [Row(banner) for banner in found]
