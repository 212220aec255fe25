"""Parts of a page that ask the server again by themselves."""

from typing import Any

from django.forms import BaseForm
from django.template import Context, Library
from django.utils.safestring import SafeString

from litemaas.web.elements import render
from litemaas.web.progress import JobLine
from litemaas.web.templatetags.formats import percent_text

register = Library()


@register.simple_block_tag
def live_part(
    content: str, id: str, href: str = "", seconds: int = 2, at_once: bool = False, quiet: bool = False
) -> SafeString:
    """Asks `href` for its successor every so many seconds and announces a change; without `href` it rests. `at_once`:
    also when it has come, where a page must not wait for what the part asks. `quiet`: the answer itself says what is
    to be announced, by `HX-Trigger`.

    Without script it stands still and is right again with the next reload.
    """
    shown = {"content": content, "id": id, "href": href, "seconds": seconds}
    return render("live_part", **shown, at_once=at_once, quiet=quiet)


@register.simple_tag(takes_context=True)
def job_line(context: Context, line: JobLine) -> SafeString:
    """Something long: how far it is, what it does now, how long it has taken, and buttons. It follows by itself."""
    return render(
        "job_line",
        line=line,
        width="" if line.percent is None else f"{line.percent:.2f}",
        percent_text="" if line.percent is None else percent_text(line.percent),
        csrf_token=context.get("csrf_token"),
    )


@register.simple_tag(takes_context=True)
def play(context: Context, form: BaseForm, facts: dict[str, Any]) -> SafeString:
    """Talks with up to four models at once, for `static/js/playground/`. `form` has the fields of the settings,
    `facts` what the script needs: keys with their models, texts, examples."""
    return render("play", form=form, facts=facts, csrf_token=context.get("csrf_token"))


@register.simple_tag(takes_context=True)
def play_embeddings(context: Context, form: BaseForm, facts: dict[str, Any]) -> SafeString:
    """Texts made into vectors, and compared."""
    return render("play_embeddings", form=form, facts=facts, csrf_token=context.get("csrf_token"))


@register.simple_tag(takes_context=True)
def play_convert(context: Context, form: BaseForm, facts: dict[str, Any]) -> SafeString:
    """A document on the web made into Markdown, with a preview."""
    return render("play_convert", form=form, facts=facts, csrf_token=context.get("csrf_token"))
