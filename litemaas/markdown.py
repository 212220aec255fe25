"""Markdown of operators as HTML. Raw HTML is shown as text, and links lead to http, https and mail only."""

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml

_SCHEMES = ("http://", "https://", "mailto:")


def _make() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True})
    # A banner is a few lines: headings and pictures would break the page's outline and its content policy.
    reader.disable(
        ["heading", "lheading", "image", "html_block", "html_inline", "hr", "code", "fence", "reference"]
    )
    reader.validateLink = lambda url: url.strip().lower().startswith(_SCHEMES)  # type: ignore[method-assign]
    return reader


_reader = _make()


def rendered(text: str, *, is_markdown: bool = True) -> SafeString:
    """Paragraphs of HTML that may stand in any page; plain text keeps its line breaks."""
    if not is_markdown:
        lines = escapeHtml(text).replace("\n", "<br>")
        return mark_safe(f"<p>{lines}</p>")  # noqa: S308  escaped just before
    html: str = _reader.render(text)
    return mark_safe(html)  # noqa: S308  the reader escapes all that is no Markdown
