"""The field names that LiteLLM 1.109.1 puts into its answers, with the values they have when nothing was set.

`shapes.json` was taken from recorded answers of the real proxy. Keeping them as data keeps the code about
behaviour.
"""

import json
from pathlib import Path
from typing import Any, cast

Json = dict[str, Any]

SHAPES: dict[str, Any] = json.loads((Path(__file__).parent / "shapes.json").read_text())


def new(shape: str, **values: Any) -> Json:
    """A fresh object of this shape.

    Nested lists and objects are replaced by callers, never changed in place.
    """
    return {**SHAPES[shape], **values}


def view(shape: str, source: Json, **values: Any) -> Json:
    """The fields of this shape, taken from `source` where it has them."""
    blank = cast(Json, SHAPES[shape])
    return {**{name: source.get(name, empty) for name, empty in blank.items()}, **values}
