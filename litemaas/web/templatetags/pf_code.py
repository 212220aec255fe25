"""Code and secrets: snippets in three languages, text with a copy button, a key that is shown once."""

from django.template import Context, Library
from django.utils.safestring import SafeString

from litemaas.web.elements import render
from litemaas.web.snippets import KEY_VARIABLE, ModelType, snippets

register = Library()


@register.simple_tag
def snippet(
    model: str,
    base_url: str,
    kind: ModelType = "chat",
    streaming: bool = False,
    id: str = "",
    insert: str = "",
) -> SafeString:
    """How to call a model: tabs curl, Python, JavaScript. `kind`: chat, embeddings, convert, tokenize.

    `insert` is the id of a `secret` on the page: a switch puts it in, in the browser, for as long as it is shown.
    """
    return render(
        "snippet",
        id=id or f"snippet-{kind}{'-streaming' if streaming else ''}",
        model=model,
        items=snippets(kind, model, base_url, streaming=streaming),
        insert=insert,
        variable=KEY_VARIABLE,
    )


@register.simple_tag
def code_block(code: str, id: str, label: str) -> SafeString:
    """A block of code with a copy button."""
    return render("code_block", code=code, id=id, label=label)


@register.simple_tag
def copyable(value: str, id: str, label: str = "") -> SafeString:
    """A short value in the text, such as a model's name, with a copy button."""
    return render("copyable", value=value, id=id, label=label)


@register.simple_tag(takes_context=True)
def secret(
    context: Context, value: str, label: str, id: str = "secret", file: str = "", hide_after: int = 0
) -> SafeString:
    """A key right after creation or reveal, with a copy button. It is in the page only this once.

    `file` is where the value is posted to come back as a file. After `hide_after` seconds a script takes it away.
    """
    return render(
        "secret",
        value=value,
        label=label,
        id=id,
        file=file,
        hide_after=hide_after,
        csrf_token=context.get("csrf_token"),
    )
