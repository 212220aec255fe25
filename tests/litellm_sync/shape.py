"""Compares an answer with a recorded shape: names and JSON types.

A name with "?" was not in every item of a list, "*" stands for any name, "any" for values of several kinds.
"""

from collections.abc import Iterator
from typing import Any


def differences(expected: Any, actual: Any, where: str = "") -> Iterator[str]:
    """What is not as recorded. An empty list or null there says nothing about what may be in it."""
    if isinstance(expected, dict):
        yield from _of_object(expected, actual, where)
    elif isinstance(expected, list):
        if actual is not None and not isinstance(actual, list):
            yield f"{where}: a list was recorded, not {_kind(actual)}"
        elif expected and actual:
            for item in actual:
                yield from differences(expected[0], item, f"{where}[]")
    elif "any" not in expected and "null" not in expected and not _fits(expected, actual):
        yield f"{where}: {expected} was recorded, not {_kind(actual)}"


def _of_object(expected: dict[str, Any], actual: Any, where: str) -> Iterator[str]:
    if not isinstance(actual, dict):
        # Recorded once as an object, in another row as null.
        if actual is not None:
            yield f"{where}: an object was recorded, not {_kind(actual)}"
        return
    if not expected:
        return
    if "*" in expected:
        for name, value in actual.items():
            yield from differences(expected["*"], value, f"{where}.{name}")
        return
    known = {name.rstrip("?"): shape for name, shape in expected.items()}
    needed = {name for name in expected if not name.endswith("?")}
    yield from (f"{where}.{name}: missing" for name in needed - actual.keys())
    yield from (f"{where}.{name}: not recorded" for name in actual.keys() - known.keys())
    for name in known.keys() & actual.keys():
        yield from differences(known[name], actual[name], f"{where}.{name}")


def _fits(expected: str, actual: Any) -> bool:
    return _kind(actual) in expected.split("|")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "num"
    return "str" if isinstance(value, str) else type(value).__name__
