"""All elements and formats under one name: `{% load pf %}`. docs/elements.md lists them with an example each."""

from collections.abc import Callable
from functools import wraps

from django.template import Library
from django.template.base import Node, Parser, Token
from django.template.library import SimpleBlockNode

from litemaas.web.templatetags import (
    formats,
    pf_actions,
    pf_code,
    pf_figures,
    pf_forms,
    pf_frame,
    pf_labels,
    pf_layout,
    pf_live,
    pf_operations,
    pf_records,
    pf_tables,
)

Compile = Callable[[Parser, Token], Node]


def _showing_its_blocks(compile_tag: Compile) -> Compile:
    """Django hides a `{% block %}` inside a simple block tag from `extends`; a page's results block may stand there."""

    @wraps(compile_tag)
    def compile_and_open(parser: Parser, token: Token) -> Node:
        node = compile_tag(parser, token)
        if isinstance(node, SimpleBlockNode):
            node.child_nodelists = ("nodelist",)
        return node

    return compile_and_open


register = Library()
for _module in (
    formats,
    pf_actions,
    pf_code,
    pf_figures,
    pf_forms,
    pf_frame,
    pf_labels,
    pf_layout,
    pf_live,
    pf_operations,
    pf_records,
    pf_tables,
):
    register.tags.update({name: _showing_its_blocks(tag) for name, tag in _module.register.tags.items()})
    register.filters.update(_module.register.filters)
