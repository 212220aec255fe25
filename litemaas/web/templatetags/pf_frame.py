"""The frame around every page: navigation, theme, messages, breadcrumb, the time of the data."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.messages import constants
from django.http import HttpRequest
from django.template import Context, Library
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from litemaas.administration.linking import here_in_administration
from litemaas.web import frame
from litemaas.web.elements import render, stripped
from litemaas.web.navigation import items_for

register = Library()

_TONES = {constants.SUCCESS: "success", constants.WARNING: "warning", constants.ERROR: "danger"}


@register.simple_tag(takes_context=True)
def block_again(context: Context, name: str) -> SafeString:
    """What the page put into block `name`, a second time: the title in the tab is also the heading."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return stripped(block.render(context))


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> SafeString:
    """The sidebar's items, the current one marked."""
    request: HttpRequest = context["request"]
    user: Any = getattr(request, "user", None)
    is_operator = bool(getattr(user, "sees_everything", False))
    groups = items_for(is_operator=is_operator)
    return render(
        "navigation",
        groups={
            name: [
                {
                    "item": item,
                    "current": item.is_current(request.path_info),
                    "badge": frame.badge_of(item.path) if name == "operator" else 0,
                }
                for item in items
            ]
            for name, items in groups.items()
        },
        operator_title=getattr(user, "role_label", ""),
    )


@register.simple_tag(takes_context=True)
def in_administration(context: Context) -> SafeString | str:
    """A link to the row in Django admin that the page is about, for those who may look there."""
    request: HttpRequest = context["request"]
    if not getattr(getattr(request, "user", None), "sees_everything", False):
        return ""
    address = here_in_administration(request)
    return render("in_administration", href=address) if address else ""


@register.simple_tag(takes_context=True)
def theme_menu(context: Context) -> SafeString:
    """Light, dark or as the system: a form that posts, so it works without script."""
    return _choice_menu("theme_menu", context, theme=context.get("theme", "system"))


@register.simple_tag(takes_context=True)
def language_menu(context: Context) -> SafeString:
    """The languages in their own names: a form that posts and comes back to this page."""
    return _choice_menu("language_menu", context, languages=settings.LANGUAGES, current=get_language())


def _choice_menu(element: str, context: Context, **values: Any) -> SafeString:
    """A form of buttons that comes back to the page it was on."""
    request: HttpRequest = context["request"]
    back = request.get_full_path() if request.method == "GET" else ""
    return render(element, next=back, csrf_token=context.get("csrf_token"), **values)


@register.simple_tag(takes_context=True)
def user_menu(context: Context) -> SafeString:
    request: HttpRequest = context["request"]
    return render("user_menu", user=request.user, csrf_token=context.get("csrf_token"))


@register.simple_tag(takes_context=True)
def bell(context: Context, count: int | None = None, swapped: bool = False) -> SafeString:
    """The way to the notifications, with the number of unread ones. `swapped` replaces the one in the page."""
    if count is None:
        count = frame.unread(context["request"].user)
    return render("bell", count=count, swapped=swapped)


@register.simple_block_tag
def drawer(content: str) -> SafeString:
    """What opens beside the page: `drawer_head` and `drawer_body`."""
    return render("drawer", content=content)


@register.simple_block_tag
def drawer_head(content: str, title: str, status: str = "") -> SafeString:
    """The title of a drawer; content is a menu, perhaps."""
    return render("drawer_head", content=content, title=title, status=status)


@register.simple_block_tag
def drawer_body(content: str) -> SafeString:
    return render("drawer_body", content=content)


@register.simple_block_tag
def notifications(content: str, framed: bool = False) -> SafeString:
    """A list of `notification`s; `framed` where it stands outside of a drawer."""
    return render("notifications", content=stripped(content), framed=framed)


@register.simple_tag(takes_context=True)
def notification(
    context: Context, item: dict[str, Any], target: str, show: str = "", level: str = "h2"
) -> SafeString:
    """One of them: `item` has id, variant, kind, title, body, link, created_at, is_read. Its acts swap `target`."""
    csrf_token = context.get("csrf_token")
    return render("notification", item=item, target=target, show=show, level=level, csrf_token=csrf_token)


@register.simple_tag
def health_dot(state: str = "") -> SafeString:
    """Whether the gateway answers, as far as is known, for operators. `state` (up, down, unknown) says it instead."""
    is_up = {"up": True, "down": False, "unknown": None}[state] if state else frame.gateway_up()
    return render("health_dot", is_up=is_up)


@register.simple_tag(takes_context=True)
def toasts(context: Context, swapped: bool = False) -> SafeString:
    """The messages for this reader, which may be read again in the notification centre. `swapped` adds to those shown."""
    request: HttpRequest = context["request"]
    shown = list(context.get("messages") or ())
    user: Any = getattr(request, "user", None)
    if shown and getattr(user, "is_authenticated", False):
        frame.toasted(request, shown)
    return render("_toasts_swapped" if swapped else "_toasts", messages=shown)


@register.filter
def message_tone(level: int) -> str:
    """The tone of a message of Django's messages framework."""
    return _TONES.get(level, "info")


@register.simple_block_tag
def breadcrumb(content: str) -> SafeString:
    """The way to a detail page. Holds `crumb`s; the last one has no `href`."""
    return render("breadcrumb", content=content)


@register.simple_tag
def crumb(text: str, href: str = "") -> SafeString:
    return render("crumb", text=text, href=href)


@register.simple_tag
def as_of(moment: datetime | None) -> SafeString:
    """The footer line "Data as of …" of pages with data from the gateway; None says that there is none yet."""
    return render("as_of", moment=moment)
