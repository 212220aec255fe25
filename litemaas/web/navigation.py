"""The items of the sidebar, by the addresses that the portal promises. An item shows once its page exists."""

from dataclasses import dataclass
from functools import lru_cache

from django.urls import Resolver404, get_script_prefix, get_urlconf, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Item:
    """`path` starts with a slash; every page below it belongs to the item, and those below `also`."""

    path: str
    label: str | Promise
    icon: str
    also: tuple[str, ...] = ()

    @property
    def href(self) -> str:
        return get_script_prefix().rstrip("/") + self.path

    def is_current(self, path: str) -> bool:
        return path == self.path or path.startswith((self.path.rstrip("/") + "/", *self.also))


USER_ITEMS = (
    Item("/home", _("Home"), "home"),
    Item("/models", _("Models"), "catalog"),
    Item("/subscriptions", _("Subscriptions"), "cubes"),
    Item("/api-keys", _("API keys"), "key"),
    Item("/teams", _("Teams"), "users"),
    Item("/playground", _("Playground"), "comments"),
    Item("/usage", _("Usage"), "chart-line"),
    Item("/settings", _("Settings"), "cog", also=("/account/", "/2fa/")),
)
OPERATOR_ITEMS = (
    Item("/operations/usage", _("Usage analytics"), "chart-bar"),
    Item("/operations/models", _("Manage models"), "cube"),
    Item("/operations/subscriptions", _("Subscription requests"), "clipboard-check"),
    Item("/operations/users", _("Users"), "users"),
    Item("/operations/audit", _("Audit"), "list"),
    Item("/operations/gateway", _("Gateway"), "server"),
    Item("/operations/settings", _("System settings"), "wrench"),
    Item("/admin/", _("Administration"), "tools"),
)


def items_for(*, is_operator: bool) -> dict[str, list[Item]]:
    """The items whose pages exist, as `user` and `operator`; an operator's list is empty for everybody else."""
    return {
        "user": _present(USER_ITEMS),
        "operator": _present(OPERATOR_ITEMS) if is_operator else [],
    }


def _present(items: tuple[Item, ...]) -> list[Item]:
    return [item for item in items if _exists(item.path, get_urlconf())]


@lru_cache(maxsize=64)
def _exists(path: str, urlconf: str | None) -> bool:
    try:
        resolve(path, urlconf)
    except Resolver404:
        return False
    return True
