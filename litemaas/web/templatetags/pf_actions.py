"""What can be pressed: buttons, links that look like buttons, menus."""

from typing import Any

from django.template import Context, Library
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from litemaas.web.elements import render, stripped

register = Library()


@register.simple_block_tag
def button(content: str, **options: Any) -> SafeString:
    """A button, or a link with the look of one when `href` is given.

    Options: `tone` (primary, secondary, tertiary, danger, danger-secondary, danger-link, link, inline, plain),
    `href`, `type` (submit, reset; a button that only a script uses is `button`), `icon`, `label` (name of an
    icon-only button), `name`, `value`, `form`, `id`, `small`, `block`, `dialog` (open `href` in a dialog),
    `external` (new tab), `download`, `disabled_reason` (unusable, and why: shown, focusable, read out),
    `copy` (a selector: copies that element's text), `script_only` (hidden where scripts do not run) and
    `page_key` (a letter that presses it, on pages with `page_keys`; while the field `needs`, a selector, is empty
    that field is focused instead).
    """
    return render("button", content=stripped(content), **options)


@register.simple_block_tag(takes_context=True)
def post_button(context: Context, content: str, action: str, **options: Any) -> SafeString:
    """A button with its own form that posts to `action`, with the CSRF token. Options as for `button`."""
    return render(
        "post_button",
        content=stripped(content),
        action=action,
        csrf_token=context.get("csrf_token"),
        tone=options.pop("tone", "secondary"),
        **options,
    )


@register.simple_block_tag
def page_keys(content: str) -> SafeString:
    """Says which letters press what on this page (`page_key` of buttons), and makes them do so."""
    return render("page_keys", content=content)


@register.simple_tag
def cancel(href: str, text: str = "") -> SafeString:
    """Leaves a dialog: closes it, or goes to `href` where the dialog is a page."""
    return render("cancel", href=href, text=text)


@register.simple_block_tag
def buttons(content: str) -> SafeString:
    """Buttons side by side; they wrap on a narrow screen."""
    return render("buttons", content=content)


@register.simple_block_tag
def menu(content: str, label: str, **options: Any) -> SafeString:
    """A list of actions behind a button. It is a disclosure, so it works without script.

    Options: `icon`, `text` (shown beside the icon), `plain`, `align` (start, end).
    """
    return render("menu", content=content, label=label, **options)


@register.simple_block_tag
def row_menu(content: str, name: str) -> SafeString:
    """The actions of one row, named after it: "Actions for <name>"."""
    return render("row_menu", content=content, name=name)


@register.simple_block_tag(takes_context=True)
def menu_item(context: Context, content: str, **options: Any) -> SafeString:
    """A link (`href`) or an act (`action`: posts there). Options: `icon`, `tone` (danger), `dialog`, `current`,
    `name` and `value` (sent with the post), `disabled_reason`."""
    return render("menu_item", content=stripped(content), csrf_token=context.get("csrf_token"), **options)


@register.simple_block_tag
def toggle_group(content: str, label: str) -> SafeString:
    """Choices of a view side by side, such as grid or list. Holds `toggle`s."""
    return render("toggle_group", content=content, label=label)


@register.simple_block_tag
def toggle(
    content: str, href: str, current: bool = False, icon: str = "", part: str = "", swap: str = ""
) -> SafeString:
    """`part` is the address of what a script puts in the place of `swap`, where it need not be a whole page."""
    return render(
        "toggle", content=stripped(content), href=href, current=current, icon=icon, part=part, swap=swap
    )


@register.simple_tag
def with_query(address: str, **parameters: Any) -> str:
    """`address` with a query string: the values may hold any character."""
    return f"{address}?{urlencode(parameters)}"
