"""Uploaded pictures are what their bytes are, and carry nothing but the picture."""

import io

import pytest
from PIL import Image

from litemaas.errors import InvalidInput
from litemaas.pictures import cleaned


def raster(form, size=(4, 3), colour="red", **options):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, format=form, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "kept"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/png")],
)
def test_rasters_are_drawn_anew(form, kept):
    picture = cleaned(raster(form) + b"<script>alert(1)</script>PK\x03\x04")
    assert picture.media_type == kept
    assert b"script" not in picture.content
    with Image.open(io.BytesIO(picture.content)) as image:
        assert image.size == (4, 3)
        red, green, blue = image.convert("RGB").getpixel((0, 0))
        assert (red > 240, green < 15, blue < 15) == (True, True, True)


def test_positions_and_comments_are_dropped():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    picture = cleaned(raster("JPEG", exif=exif, comment=b"a secret comment"))
    assert b"taken at home" not in picture.content
    assert b"a secret comment" not in picture.content


HARMFUL = {
    "script": "<script>alert(1)</script>",
    "onload": '<g onload="alert(1)"/>',
    "javascript:": '<a href="javascript:alert(1)"><text>x</text></a>',
    "foreignObject": "<foreignObject><body><iframe src='https://evil.example'/></body></foreignObject>",
    "evil.example": '<image href="https://evil.example/x.png"/>',
    "@import": "<style>@import url(https://evil.example/x.css);</style>",
}


@pytest.mark.parametrize("trace", HARMFUL)
def test_an_svg_keeps_its_shapes_and_nothing_active(trace):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4"/>{HARMFUL[trace]}</svg>'
    picture = cleaned(svg.encode())
    assert picture.media_type == "image/svg+xml"
    assert b"circle" in picture.content
    assert trace.encode() not in picture.content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<html><svg></svg></html>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        b"\x89PNG\r\n\x1a\n broken",
        b"<svg",
        b"<svg >",
        raster("BMP"),
        raster("PNG", size=(5000, 5000)),
        b"x" * (2 * 1024 * 1024 + 1),
    ],
)
def test_anything_else_is_refused_by_the_field(content):
    with pytest.raises(InvalidInput) as refused:
        cleaned(content, field="data")
    assert list(refused.value.fields) == ["data"]
