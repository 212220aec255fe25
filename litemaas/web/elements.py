"""Renders the elements of the portal. Their templates (templates/pf/) are the only place with PatternFly's classes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

# No text that a person types has it, and escaping leaves it alone.
_MARK = "\ue000"


def render(name: str, /, **values: Any) -> SafeString:
    """The element `templates/pf/<name>.html`. It sees `values` and nothing of the page around it."""
    return mark_safe(get_template(f"pf/{name}.html").render(values))  # noqa: S308


def blank(name: str, keys: Iterable[str], /, **values: Any) -> Callable[[Mapping[str, Any]], SafeString]:
    """Makes the element of what it is given for `keys`; for parts that a page has by the hundred.

    The element is rendered once and then filled in, in a tenth of the time: its template must put `keys` out as they
    are, without filters or conditions. `values` are the same for all.
    """
    names = list(keys)
    parts = render(name, **values, **{key: f"{_MARK}{key}{_MARK}" for key in names}).strip().split(_MARK)
    form = "".join(f"%({part})s" if at % 2 else part.replace("%", "%%") for at, part in enumerate(parts))

    def filled(given: Mapping[str, Any]) -> SafeString:
        return mark_safe(form % {key: conditional_escape(given[key]) for key in names})  # noqa: S308

    return filled


def stripped(content: str) -> SafeString:
    """The content of a block tag without the white space around it. What a template rendered is escaped already."""
    return mark_safe(content.strip())  # noqa: S308
