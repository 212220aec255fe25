"""What operators work with: previews, switches, the same fields in several languages, the banner strip."""

from typing import Any

from django.http import HttpRequest
from django.template import Context, Library
from django.utils.safestring import SafeString

from litemaas.web.elements import render

register = Library()


@register.simple_tag
def switch(label: str, name: str, value: str, checked: bool = False, **options: Any) -> SafeString:
    """A switch of its own, such as one in a row: `label` names it, `form` is the id of the form that it belongs to,
    `disabled` takes it out of use, `shown` writes the label beside it."""
    return render("switch", label=label, name=name, value=value, checked=checked, **options)


@register.simple_tag
def field_tabs(label: str, id: str, tabs: list[Any]) -> SafeString:
    """The same fields several times, in tabs: objects with `slug`, `title`, `fields`, `has_errors`, `is_filled`,
    `copy_from` and `copy_into` (ids of fields); one under the other without script."""
    return render("field_tabs", label=label, id=id, tabs=tabs)


@register.simple_tag(takes_context=True)
def look_again(context: Context, event: str = "job-finished", target: str = "results") -> SafeString:
    """Has the part with the id `target` fetched anew from this address when `event` happens on the page."""
    return render("look_again", event=event, target=target, address=context["request"].get_full_path())


@register.simple_block_tag
def live_preview(content: str, id: str, href: str, label: str) -> SafeString:
    """Stands in a form: what comes of its fields, drawn anew by `href` as they change. Without script it stays as the
    server drew it."""
    return render("live_preview", content=content, id=id, href=href, label=label)


@register.simple_block_tag
def stage(content: str, light: str, dark: str) -> SafeString:
    """The same on a light and on a dark ground, whatever the reader's theme; `light` and `dark` are their names."""
    return render("stage", content=content, light=light, dark=dark)


@register.simple_tag
def entrance_sketch(brand: Any) -> SafeString:
    """What stands on top of the sign-in page with these images and texts, for a preview."""
    return render("entrance_sketch", brand=brand)


@register.simple_tag(takes_context=True)
def banner_strip(context: Context, item: Any, preview: bool = False) -> SafeString:
    """What operators tell everybody, or some, on top of every page: kind in colour, icon and word, a text, a link, a
    button that closes it. A `preview` can't be closed."""
    request: HttpRequest = context["request"]
    here = request.get_full_path() if request.method == "GET" else ""
    return render("banner_strip", item=item, preview=preview, next=here, csrf_token=context.get("csrf_token"))
