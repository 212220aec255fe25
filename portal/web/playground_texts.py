"""What the playground's script says, and the examples that are built in. The script gets them as data of the page."""

from typing import Any

from django.utils.translation import gettext_lazy as _

TEXTS: dict[str, Any] = {
    "you": _("You"),
    "unknown": _("N/A"),
    "thinking": _("The model is answering"),
    "done": _("The answer is complete"),
    "doneBy": _("%(model)s has answered"),
    "stopped": _("Stopped."),
    "failed": _("The answer broke off."),
    "noAnswer": _("The portal did not answer. Look at your connection and try again."),
    "wait": _("Try again in %(seconds)s seconds."),
    "again": _("You can try again now."),
    "signIn": _("Sign in again (in a new tab)"),
    "seeKey": _("See the key and its limits (in a new tab)"),
    "noModel": _("Choose a key and a model first."),
    "onlyTypes": _("This key opens no chat model. It opens: %(types)s."),
    "messages": _("Messages of %(model)s"),
    "column": _("Column %(number)s"),
    "editing": _("You are editing an earlier message. Sending it replaces everything that came after."),
    "clearTitle": _("Clear the conversation?"),
    "clearText": _("All messages on this page go. Saved conversations stay."),
    "clear": _("Clear"),
    "deleteTitle": _("Delete “%(name)s”?"),
    "deleteText": _("This cannot be undone."),
    "delete": _("Delete"),
    "deleteAllTitle": _("Delete all saved conversations?"),
    "deleteAll": _("Delete all"),
    "saved": _("Saved."),
    "deleted": _("Deleted."),
    "loaded": _("“%(name)s” was loaded."),
    "linkCopied": _("The link was copied. It holds the settings and no key."),
    "linkShown": _("The link is in the address bar. It holds the settings and no key."),
    "shared": _("The settings of the link were taken over."),
    "nameFirst": _("Give it a name first."),
    "textFirst": _("Write a message first."),
    "nothingSaid": _("There is nothing to export yet."),
    "nothingSaved": _("Nothing is saved yet."),
    "copyCode": _("Copy the code"),
    "picture": _("Picture: %(name)s"),
    "pictureHere": _("A picture, which is not shown"),
    "formulaHere": _("A formula that could not be read"),
    "best": _("best"),
    "figures": {
        "timeToFirstToken": _("First token"),
        "duration": _("Total time"),
        "promptTokens": _("Prompt tokens"),
        "completionTokens": _("Completion tokens"),
        "tokensPerSecond": _("Tokens per second"),
        "cost": _("Cost"),
    },
    "types": {
        "chat": _("Chat"),
        "embeddings": _("Embeddings"),
        "convert": _("Document conversion"),
        "other": _("Other"),
    },
    "alike": {
        "same": _("The texts mean nearly the same."),
        "close": _("The texts are related."),
        "far": _("The texts have little in common."),
    },
    "notConverted": _("The document could not be converted."),
    "partly": _("Only parts of the document could be converted."),
    "beginning": _("The preview shows the beginning. Copying takes all of it."),
    "unequal": _("The two vectors have different lengths."),
}

EXAMPLES: list[dict[str, Any]] = [
    {
        "name": _("Summarise"),
        "text": _("Summarise the following text in three sentences, then list its main points:\n\n"),
    },
    {"name": _("Translate"), "text": _("Translate the following text into plain English:\n\n")},
    {
        "name": _("Explain code"),
        "text": _(
            "Explain step by step what this code does, and name possible mistakes:\n\n```python\n\n```"
        ),
    },
    {
        "name": _("Write tests"),
        "text": _(
            "Write unit tests for this function. Cover ordinary cases and edge cases:\n\n```python\n\n```"
        ),
    },
    {
        "name": _("Extract data"),
        "text": _(
            "Extract names, dates and amounts from the following text. Answer with JSON and nothing else:\n\n"
        ),
    },
    {"name": _("Find ideas"), "text": _("Give me ten ideas for the following, from safe to daring:\n\n")},
]
