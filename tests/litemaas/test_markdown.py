"""Markdown of operators: what it may become, and what it never becomes."""

import pytest

from litemaas.markdown import rendered


def test_emphasis_lists_and_links_become_html():
    html = rendered("**Tonight** from *nine*:\n- [plan](https://example.com/a?b=1&c=2)\n- all models")
    assert "<strong>Tonight</strong>" in html
    assert "<em>nine</em>" in html
    assert '<li><a href="https://example.com/a?b=1&amp;c=2">plan</a></li>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        '[x](https://a.b "onclick=x" )<b>',
    ],
)
@pytest.mark.parametrize("is_markdown", [True, False])
def test_nothing_active_comes_through(text, is_markdown):
    html = rendered(text, is_markdown=is_markdown)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert "<b>" not in html


def test_a_heading_stays_text_so_that_the_outline_of_the_page_holds():
    assert "<h1" not in rendered("# Big")


def test_plain_text_keeps_its_lines_and_is_no_markdown():
    assert rendered("one **two**\nthree", is_markdown=False) == "<p>one **two**<br>three</p>"
