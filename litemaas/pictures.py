"""Uploaded pictures: known by their bytes, not by what somebody says they are, and never kept as they came.

Rasters are decoded and drawn anew, which drops what hides in them (comments, positions, trailing archives). SVGs pass
through svg-hush, which keeps shapes and drops script, events, links to elsewhere and foreign content.
"""

import io
import re
import warnings
from dataclasses import dataclass

import py_svg_hush
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from litemaas.errors import InvalidInput

_LARGEST_BYTES = 2 * 1024 * 1024
_MOST_PIXELS = 16_000_000
# Format of Pillow → format and media type that are kept. An animation keeps its first picture.
_KEPT = {
    "PNG": ("PNG", "image/png"),
    "JPEG": ("JPEG", "image/jpeg"),
    "WEBP": ("WEBP", "image/webp"),
    "GIF": ("PNG", "image/png"),
}
_SVG = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<svg[\s>]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    media_type: str


def cleaned(content: bytes, *, field: str = "data", largest: int = _LARGEST_BYTES) -> Picture:
    """The picture as it may be kept and served. Raises InvalidInput, which names `field`."""
    if len(content) > largest:
        raise InvalidInput(
            fields={
                field: _("The picture is larger than %(value)s MiB.") % {"value": largest // 1024 // 1024}
            }
        )
    picture = _svg(content) if _SVG.match(content) else _raster(content)
    if picture is None:
        raise InvalidInput(fields={field: _("This is no picture in the format PNG, JPEG, GIF, WebP or SVG.")})
    return picture


def _svg(content: bytes) -> Picture | None:
    # A document type may declare entities that grow without end.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return None
    try:
        return Picture(py_svg_hush.filter_svg(content, {}), "image/svg+xml")
    except ValueError:
        return None


def _raster(content: bytes) -> Picture | None:
    try:
        with warnings.catch_warnings():
            # What Pillow only warns of is refused here.
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=list(_KEPT)) as image:
                if image.width * image.height > _MOST_PIXELS:
                    return None
                return _drawn_anew(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        return None


def _drawn_anew(image: Image.Image) -> Picture:
    form, media_type = _KEPT[image.format or ""]
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    flat = image.convert("RGBA" if has_alpha and form != "JPEG" else "RGB")
    blank = Image.new(flat.mode, flat.size)
    blank.paste(flat)
    out = io.BytesIO()
    blank.save(out, format=form, **({"quality": 90} if form != "PNG" else {"optimize": True}))
    return Picture(out.getvalue(), media_type)
