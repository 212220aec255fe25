"""The contract's notation of answers, and what is wrong with an answer.

`str int num bool uuid ts date obj any` are types, other words in lower case or in "…" are the text itself, `a|b` is one
of them, `[T]` an array, `{name:T, …}` an object with exactly these names, `{*:T}` one with any names, `Name` a shape of
`SHAPES`, `A & B` the fields of both, `T?` also null. `name?:T` is a name that may be absent; `+name:T` is one that the
contract does not have and this server adds.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

SHAPES: dict[str, str] = {}


@dataclass(frozen=True)
class Shape:
    """One of: a type, fields, items, values of any names, alternatives, a text."""

    kind: str
    is_nullable: bool = False
    fields: dict[str, "Shape"] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    inner: "Shape | None" = None
    choices: tuple["Shape", ...] = ()
    text: str = ""


TYPES: dict[str, Callable[[Any], bool]] = {
    "str": lambda v: isinstance(v, str),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "num": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "bool": lambda v: isinstance(v, bool),
    "uuid": lambda v: isinstance(v, str) and _reads(UUID, v) and len(v) == 36,
    "ts": lambda v: isinstance(v, str) and v.endswith("Z") and "T" in v and _reads(datetime.fromisoformat, v),
    "date": lambda v: isinstance(v, str) and len(v) == 10 and _reads(date.fromisoformat, v),
    "obj": lambda v: isinstance(v, dict),
    "any": lambda _v: True,
}


def _reads(reader: Callable[[str], Any], text: str) -> bool:
    try:
        reader(text)
    except ValueError:
        return False
    return True


_TOKEN = re.compile(r'\s*("[^"]*"|[\w*+./-]+|[{}\[\]:,?|&()])')


@lru_cache(maxsize=1000)
def shape_of(text: str) -> Shape:
    """Raises ValueError for what is no shape."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text) and '"' not in text:
        raise ValueError(f"no shape: {text}")
    shape, rest = _union(tokens)
    if rest:
        raise ValueError(f"no shape: {text}, from {rest[0]} on")
    return shape


def _union(tokens: list[str]) -> tuple[Shape, list[str]]:
    first, tokens = _joined(tokens)
    found = [first]
    while tokens and tokens[0] == "|":
        another, tokens = _joined(tokens[1:])
        found.append(another)
    if len(found) == 1:
        return first, tokens
    is_nullable = any(one.is_nullable for one in found)
    return Shape("union", choices=tuple(found), is_nullable=is_nullable), tokens


def _joined(tokens: list[str]) -> tuple[Shape, list[str]]:
    first, tokens = _one(tokens)
    while tokens and tokens[0] == "&":
        another, tokens = _one(tokens[1:])
        fields = {**first.fields, **another.fields}
        optional = (first.optional - another.fields.keys()) | another.optional
        first = Shape("object", first.is_nullable or another.is_nullable, fields, optional)
    return first, tokens


def _one(tokens: list[str]) -> tuple[Shape, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "{":
        shape, rest = _object(rest)
    elif head == "[":
        inner, rest = _union(rest)
        shape, rest = Shape("array", inner=inner), _past("]", rest)
    elif head in SHAPES:
        shape = shape_of(SHAPES[head])
        if rest and rest[0] == "(":
            inner, rest = _union(rest[1:])
            rest = _past(")", rest)
            fields = {**shape.fields, "data": Shape("array", inner=inner)}
            shape = Shape("object", fields=fields, optional=shape.optional)
    elif head in TYPES:
        shape = Shape(head)
    else:
        shape = Shape("text", text=head.strip('"'))
    if rest and rest[0] == "?":
        shape, rest = _nullable(shape), rest[1:]
    return shape, rest


def _nullable(shape: Shape) -> Shape:
    return Shape(shape.kind, True, shape.fields, shape.optional, shape.inner, shape.choices, shape.text)


def _object(tokens: list[str]) -> tuple[Shape, list[str]]:
    fields: dict[str, Shape] = {}
    optional = set()
    values = None
    while tokens[0] != "}":
        name, tokens = tokens[0].strip('"').lstrip("+"), tokens[1:]
        if tokens[0] == "?":
            optional.add(name)
            tokens = tokens[1:]
        inner, tokens = _union(_past(":", tokens))
        if name == "*":
            values = inner
        else:
            fields[name] = inner
        if tokens[0] == ",":
            tokens = tokens[1:]
    if values is not None:
        return Shape("map", inner=values, fields=fields), tokens[1:]
    return Shape("object", fields=fields, optional=frozenset(optional)), tokens[1:]


def _past(expected: str, tokens: list[str]) -> list[str]:
    if not tokens or tokens[0] != expected:
        raise ValueError(f"{expected} is missing before {tokens[:1]}")
    return tokens[1:]


def differences(value: Any, shape: Shape, where: str = "", seen: set[str] | None = None) -> Iterator[str]:
    """What is wrong, with its place. `seen` collects the places that had a value."""
    if value is None:
        if not shape.is_nullable and shape.kind != "any":
            yield f"{where or 'body'} is null"
        return
    if seen is not None:
        seen.add(where)
    if shape.kind == "union":
        found = [list(differences(value, one, where)) for one in shape.choices]
        if all(found):
            yield (
                min(found, key=len)[0]
                if len(found) < 3
                else f"{where} is {value!r}, which is none of the choices"
            )
    elif shape.kind == "text":
        if str(value).lower() != shape.text.lower() if isinstance(value, bool | int) else value != shape.text:
            yield f"{where} is {value!r} instead of {shape.text!r}"
    elif shape.kind == "array":
        if not isinstance(value, list):
            yield f"{where} is no array"
            return
        for item in value:
            yield from differences(item, shape.inner or Shape("any"), f"{where}[]", seen)
    elif shape.kind in {"object", "map"}:
        yield from _in_object(value, shape, where, seen)
    elif not TYPES[shape.kind](value):
        yield f"{where or 'body'} is no {shape.kind}: {value!r}"


def _in_object(value: Any, shape: Shape, where: str, seen: set[str] | None) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where or 'body'} is no object"
        return
    for name, inner in shape.fields.items():
        place = f"{where}.{name}" if where else name
        if name in value:
            yield from differences(value[name], inner, place, seen)
        elif name not in shape.optional:
            yield f"{place} is missing"
    for name in value.keys() - shape.fields.keys():
        if shape.kind == "map" and shape.inner is not None:
            yield from differences(value[name], shape.inner, f"{where}.*", seen)
        else:
            yield f"{where}.{name} is not in the contract".lstrip(".")


def places(shape: Shape, where: str = "") -> Iterator[str]:
    """Every field of a shape, by the names that `differences` uses."""
    for name, inner in shape.fields.items():
        place = f"{where}.{name}" if where else name
        yield place
        yield from places(inner, place)
    if shape.inner is not None:
        yield from places(shape.inner, f"{where}.*" if shape.kind == "map" else f"{where}[]")
    for one in shape.choices:
        yield from places(one, where)
