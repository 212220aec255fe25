"""The look of every page as it was a few seconds ago: asking the database each time would cost each page three
statements for what changes once in a month. What a process changes itself it shows at once."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.models import User
from litemaas import markdown
from portal.models import Banner, BannerDismissal, Branding, BrandingImage

_RECENT_SECONDS = 5.0
_Place = BrandingImage.Place


@dataclass(frozen=True)
class Brand:
    """What stands in place of the product's own name and mark; empty texts and addresses mean the product's own."""

    login_logo: str = ""
    login_title: str = ""
    login_subtitle: str = ""
    header_light: str = ""
    header_dark: str = ""


@dataclass(frozen=True)
class ShownBanner:
    """A banner in the reader's language. `language` is that of the text, which may be English for want of another."""

    id: str
    variant: str
    html: SafeString
    language: str
    link: str = ""
    link_text: str = ""
    dismiss: str = ""


@dataclass
class _Look:
    brand: Brand = field(default_factory=Brand)
    banners: list[Banner] = field(default_factory=list)


_seen = _Look()
_seen_at = float("-inf")


def brand_now() -> Brand:
    return _recent().brand


def banner_for(user: Any) -> list[ShownBanner]:
    """The one of highest rank that is meant for this person now and was not closed; nobody else is shown any."""
    if not isinstance(user, User):
        return []
    now = timezone.now()
    meant = [banner for banner in _recent().banners if banner.is_meant_for(user, now)]
    closed = _closed_by(user, meant, now)
    return [shown(banner) for banner in meant if banner.pk not in closed][:1]


def _closed_by(user: User, banners: list[Banner], now: datetime) -> set[Any]:
    """One statement where one of them can be closed at all, else none."""
    ids = [banner.pk for banner in banners if banner.is_dismissible]
    if not ids:
        return set()
    rows = BannerDismissal.objects.filter(user=user, banner__in=ids).values_list("banner", "until")
    return {pk for pk, until in rows if until is None or until > now}


def shown(banner: Banner, language: str | None = None) -> ShownBanner:
    """In the reader's language; `language` another one, for a preview."""
    wanted = language or get_language() or "en"
    spoken = next((code for code in (wanted, wanted.split("-")[0]) if banner.content.get(code)), "en")
    texts = banner.link_text
    return ShownBanner(
        id=str(banner.pk),
        variant=banner.variant,
        html=markdown.rendered(banner.text(wanted), is_markdown=banner.is_markdown),
        language=spoken,
        link=banner.link_url,
        link_text=texts.get(spoken) or texts.get("en") or banner.link_url,
        dismiss=reverse("dismiss_banner", args=[banner.pk]) if banner.is_dismissible else "",
    )


def _recent() -> _Look:
    global _seen, _seen_at
    if time.monotonic() - _seen_at > _RECENT_SECONDS:
        try:
            _seen = _read()
        except DatabaseError:
            # Error pages are shown without a database, too.
            connection.close_if_unusable_or_obsolete()
        _seen_at = time.monotonic()
    return _seen


def forget_look() -> None:
    """Have the next page ask the database."""
    global _seen_at
    _seen_at = float("-inf")


def _read() -> _Look:
    row = Branding.objects.first()
    times = dict(BrandingImage.objects.values_list("place", "updated_at")) if row else {}
    active = Banner.objects.filter(is_active=True).in_order()
    return _Look(brand_of(row, times) if row else Brand(), list(active))


def brand_of(row: Branding, images: dict[str, datetime]) -> Brand:
    """`images`: when the image of each place was put there."""

    def address(place: str, is_on: bool) -> str:
        at = images.get(place)
        if at is None or not is_on:
            return ""
        # The time makes a new address of a new image: browsers keep the old one for an hour.
        return f"{reverse('branding-image', args=[place])}?{urlencode({'t': at.isoformat()})}"

    return Brand(
        login_logo=address(_Place.LOGIN_LOGO, row.login_logo_enabled),
        login_title=(row.login_title or "") if row.login_title_enabled else "",
        login_subtitle=(row.login_subtitle or "") if row.login_subtitle_enabled else "",
        header_light=address(_Place.HEADER_LIGHT, row.header_brand_enabled),
        header_dark=address(_Place.HEADER_DARK, row.header_brand_enabled),
    )
