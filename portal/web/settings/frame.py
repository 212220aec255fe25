"""What the pages of the system settings share: the tabs, who may look, what read-only administrators see."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, require, signed_in

READ, WRITE = "admin:system:read", "admin:settings"
ONLY_ADMINISTRATORS = _("Only administrators may change this. You may look at everything.")


@dataclass(frozen=True)
class Tab:
    slug: str
    title: str | Promise
    icon: str

    @property
    def href(self) -> str:
        return reverse(f"system_{self.slug}")


TABS = (
    Tab("limits", _("Limits"), "tachometer"),
    Tab("portal", _("Portal"), "cog"),
    Tab("banners", _("Banners"), "bell"),
    Tab("branding", _("Branding"), "image"),
    Tab("currency", _("Currency"), "coins"),
    Tab("backup", _("Backup"), "database"),
    Tab("sync", _("Sync"), "sync"),
)
# What the former front end called its tabs.
_FORMER = {"models": "sync", "model-sync": "sync", "portal-settings": "portal"}


@require_GET
@signed_in
def settings(request: PageRequest) -> HttpResponse:
    """To the tab that the address names (`?tab=`), else to the first one."""
    require(request, READ)
    wanted = request.GET.get("tab", "").lower()
    wanted = _FORMER.get(wanted, wanted)
    slug = wanted if wanted in {tab.slug for tab in TABS} else TABS[0].slug
    return redirect(f"system_{slug}")


def show(
    request: PageRequest, tab: str, values: dict[str, Any], *, may: str = WRITE, template: str = ""
) -> HttpResponse:
    """The page of a tab. `may`: what somebody needs who changes something there."""
    may_change = request.user.may(may)
    frame = {
        "settings_tabs": [(item, item.slug == tab) for item in TABS],
        "may_change": may_change,
        "why_not": "" if may_change else ONLY_ADMINISTRATORS,
    }
    return render(request, template or f"portal/settings/{tab}.html", {**frame, **values})
