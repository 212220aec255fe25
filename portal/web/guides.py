"""The guides of docs/ as pages, so that what is said of the product is read where it is used. English, as they are."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.views.decorators.http import require_GET
from markdown_it import MarkdownIt
from markdown_it.token import Token

from accounts.web.pages import PageRequest, signed_in

DOCS: Path = settings.BASE_DIR / "docs"
# As docs/screenshots.py takes them: said beforehand, so that nothing moves when they come.
_WIDTH, _HEIGHT = 1280, 800


@require_GET
@signed_in
def user_guide(request: PageRequest) -> HttpResponse:
    return render(request, "portal/guide.html", {"guide": _guide("user-guide"), "is_for_operators": False})


@require_GET
@signed_in
def operator_guide(request: PageRequest) -> HttpResponse:
    if not request.user.sees_everything:
        raise Http404
    return render(request, "portal/guide.html", {"guide": _guide("operator-guide"), "is_for_operators": True})


@lru_cache(maxsize=2)
def _guide(name: str) -> SafeString:
    """Our own file, without its heading, which the page has."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    _heading, _, text = (DOCS / f"{name}.md").read_text(encoding="utf-8").partition("\n")
    tokens = reader.parse(text)
    contents = []
    for at, token in enumerate(tokens):
        token.children = _fitted(token.children or [])
        if token.type == "heading_open":
            heading = tokens[at + 1].content
            token.attrs["id"] = slugify(heading)
            contents.append((token.attrs["id"], heading))
    links = format_html_join("", '<li><a href="#{}">{}</a></li>', contents)
    html: str = reader.renderer.render(tokens, reader.options, {})
    return mark_safe(f"<ul>{links}</ul>{html}")  # noqa: S308  the reader escapes what is no Markdown


def _fitted(parts: list[Token]) -> list[Token]:
    """Pictures by the address that they have here. Links to other files of docs/ would lead nowhere: their words stay."""
    fitted, is_left_out = [], False
    for part in parts:
        if part.type == "image":
            source = str(part.attrs["src"]).removeprefix("images/")
            part.attrs |= {
                "src": static(f"guide/{source}"),
                "width": _WIDTH,
                "height": _HEIGHT,
                "loading": "lazy",
            }
        if part.type == "link_open":
            is_left_out = "://" not in str(part.attrs["href"])
        if not (is_left_out and part.type in {"link_open", "link_close"}):
            fitted.append(part)
    return fitted
