"""Code and secrets: snippets in three languages, text with a copy button, a key that is shown once."""

from django.template import Library
from django.utils.safestring import SafeString

from litemaas.web.elements import render
from litemaas.web.snippets import ModelType, snippets

register = Library()


@register.simple_tag
def snippet(
    model: str, base_url: str, kind: ModelType = "chat", streaming: bool = False, id: str = ""
) -> SafeString:
    """How to call a model: tabs curl, Python, JavaScript. `kind`: chat, embeddings, convert, tokenize."""
    return render(
        "snippet",
        id=id or f"snippet-{kind}{'-streaming' if streaming else ''}",
        model=model,
        items=snippets(kind, model, base_url, streaming=streaming),
    )


@register.simple_tag
def code_block(code: str, id: str, label: str) -> SafeString:
    """A block of code with a copy button."""
    return render("code_block", code=code, id=id, label=label)


@register.simple_tag
def copyable(value: str, id: str, label: str = "") -> SafeString:
    """A short value in the text, such as a model's name, with a copy button."""
    return render("copyable", value=value, id=id, label=label)


@register.simple_tag
def secret(value: str, label: str, id: str = "secret") -> SafeString:
    """A key right after creation or reveal, with a copy button. It is in the page only this once."""
    return render("secret", value=value, label=label, id=id)
