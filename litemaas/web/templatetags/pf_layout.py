"""Containers: cards, galleries, facts, alerts, empty states, tabs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.template import Library
from django.utils.safestring import SafeString

from litemaas.web.elements import render, stripped
from litemaas.web.touched import groups_of

register = Library()


@register.simple_block_tag
def card(content: str, **options: Any) -> SafeString:
    """A box made of `card_head`, `card_body` and `card_foot`. Options: `compact`, `full_height`, `id`."""
    return render("card", content=content, **options)


@register.simple_block_tag
def card_head(content: str, title: str = "", **options: Any) -> SafeString:
    """The title, with actions or labels as content. Options: `level` (2), `href` (title is a link), `icon`,
    `id`, `description`."""
    return render("card_head", content=stripped(content), title=title, **options)


@register.simple_block_tag
def card_body(content: str) -> SafeString:
    return render("card_body", content=content)


@register.simple_block_tag
def card_foot(content: str) -> SafeString:
    return render("card_foot", content=content)


@register.simple_block_tag
def link_card(content: str, href: str, title: str, icon: str = "") -> SafeString:
    """A card that is one link as a whole."""
    return render("link_card", content=content, href=href, title=title, icon=icon)


@register.simple_block_tag
def gallery(content: str, size: str = "md") -> SafeString:
    """Cards in as many equal columns as fit. `size` of the narrowest column: sm, md, lg."""
    return render("gallery", content=content, size=size)


@register.simple_block_tag
def columns(content: str, count: int = 2) -> SafeString:
    """Two to four equal columns that become one on a narrow screen."""
    return render("columns", content=content, count=count)


@register.simple_block_tag
def stack(content: str) -> SafeString:
    """One under the other, with the usual gap."""
    return render("stack", content=content)


@register.simple_block_tag
def row_of(content: str, spread: bool = False) -> SafeString:
    """Side by side and wrapping; `spread` pushes the ends apart."""
    return render("row_of", content=content, spread=spread)


@register.simple_block_tag
def section(content: str, title: str, description: str = "", level: int = 2, id: str = "") -> SafeString:
    """A titled part of a page."""
    return render("section", content=content, title=title, description=description, level=level, id=id)


@register.simple_block_tag
def prose(content: str, lang: str = "") -> SafeString:
    """Running text with paragraphs, lists, links, tables and pictures; `lang` where it is not the page's."""
    return render("prose", content=content, lang=lang)


@register.simple_block_tag
def facts(content: str, columns: int = 1, label: str = "") -> SafeString:
    """Terms with their values. Holds `fact`s."""
    return render("facts", content=content, columns=columns, label=label)


@register.simple_block_tag
def fact(content: str, term: str, icon: str = "") -> SafeString:
    return render("fact", content=content, term=term, icon=icon)


@register.simple_block_tag
def alert(content: str, title: str, tone: str = "info", **options: Any) -> SafeString:
    """A message in the page. `tone`: info, success, warning, danger. Content: text and `alert_actions`.

    `live` announces it when it comes in with a swapped part.
    """
    return render("alert", content=stripped(content), title=title, tone=tone, **options)


@register.simple_block_tag
def alert_actions(content: str) -> SafeString:
    return render("alert_actions", content=content)


@register.simple_block_tag
def empty_state(content: str, title: str, icon: str = "", level: int = 2) -> SafeString:
    """Why there is nothing here, and the first useful act: content is text, then `empty_actions`."""
    return render("empty_state", content=content, title=title, icon=icon, level=level)


@register.simple_block_tag
def empty_actions(content: str) -> SafeString:
    return render("empty_actions", content=content)


@register.simple_block_tag
def tabs(content: str, label: str) -> SafeString:
    """Views of one thing, each with its own address. Holds `tab`s."""
    return render("tabs", content=content, label=label)


@register.simple_block_tag
def tab(content: str, href: str, current: bool = False, icon: str = "") -> SafeString:
    return render("tab", content=stripped(content), href=href, current=current, icon=icon)


@register.simple_block_tag
def expandable(content: str, summary: str, open: bool = False) -> SafeString:
    """Details that are closed at first."""
    return render("expandable", content=content, summary=summary, open=open)


@register.simple_block_tag
def steps(content: str) -> SafeString:
    """Things to do in an order. Holds `step`s."""
    return render("steps", content=content)


@register.simple_block_tag
def step(content: str, title: str, href: str, done: object = False) -> SafeString:
    """One thing to do: a link until it is `done`, then said to be so in word and sign."""
    return render("step", content=content.strip(), title=title, href=href, done=bool(done))


@register.simple_block_tag
def timeline(content: str, label: str = "") -> SafeString:
    """What happened, one after the other. Holds `event`s."""
    return render("timeline", content=content, label=label)


@register.simple_block_tag
def event(content: str, when: datetime | None, who: str = "", note: str = "") -> SafeString:
    """What happened (content), when, by whom, and a `note` in that person's words."""
    return render("event", content=stripped(content), when=when, who=who, note=note)


@register.simple_block_tag
def shortcut_list(content: str) -> SafeString:
    """Keys and what they do. Holds `shortcut`s."""
    return render("shortcut_list", content=content)


@register.simple_tag
def shortcut(text: str, *keys: str) -> SafeString:
    """Keys that are pressed one after the other."""
    return render("shortcut", text=text, keys=keys)


@register.simple_tag
def touched(found: Mapping[str, Mapping[str, str]]) -> SafeString:
    """What an act would touch, counted and with the first names: `litemaas.web.touched.foresee(act).touched`."""
    return render("touched", groups=groups_of(found))
