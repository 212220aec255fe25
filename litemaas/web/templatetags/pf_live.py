"""Parts of a page that ask the server again by themselves."""

from django.template import Library
from django.utils.safestring import SafeString

from litemaas.web.elements import render

register = Library()


@register.simple_block_tag
def live_part(content: str, id: str, href: str = "") -> SafeString:
    """Asks `href` for its successor every two seconds and announces a change; without `href` it rests.

    Without script it stands still and is right again with the next reload.
    """
    return render("live_part", content=content, id=id, href=href)
