"""Renders the elements of the portal. Their templates (templates/pf/) are the only place with PatternFly's classes."""

from typing import Any

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe


def render(name: str, /, **values: Any) -> SafeString:
    """The element `templates/pf/<name>.html`. It sees `values` and nothing of the page around it."""
    return mark_safe(get_template(f"pf/{name}.html").render(values))  # noqa: S308


def stripped(content: str) -> SafeString:
    """The content of a block tag without the white space around it. What a template rendered is escaped already."""
    return mark_safe(content.strip())  # noqa: S308
