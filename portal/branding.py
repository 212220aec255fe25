"""Use cases of branding (REST contract §19)."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor
from litemaas import errors, pictures
from portal.look import forget_look
from portal.models import Branding, BrandingImage

_SWITCHES = ("login_logo_enabled", "login_title_enabled", "login_subtitle_enabled", "header_brand_enabled")
_TEXTS = ("login_title", "login_subtitle")


def present_branding() -> tuple[Branding, set[str]]:
    """What is set, and the places that have an image."""
    places = set(BrandingImage.objects.values_list("place", flat=True))
    return Branding.objects.first() or Branding(), places


@transaction.atomic(durable=True)
def change_branding(*, actor: Actor, values: dict[str, Any], now: datetime) -> Branding:
    """Change the switches and texts that are named. Raises Forbidden."""
    branding = _held(actor)
    old = {name: getattr(branding, name) for name in (*_SWITCHES, *_TEXTS)}
    for name, value in values.items():
        setattr(branding, name, (value or None) if name in _TEXTS else value)
    new = {name: getattr(branding, name) for name in old}
    if new != old:
        branding.updated_at = now
        branding.save()
        audit.record("UPDATE_BRANDING", actor=actor, obj=branding, at=now, old=old, new=new)
    return branding


@transaction.atomic(durable=True)
def put_image(*, actor: Actor, place: str, content: bytes, now: datetime) -> BrandingImage:
    """Keep a picture for this place, drawn anew from what was uploaded. Raises Forbidden, NotFound, InvalidInput."""
    branding = _held(actor)
    _check_place(place)
    picture = pictures.cleaned(content)
    kept = {"content_type": picture.media_type, "content": picture.content, "updated_at": now}
    image, _is_new = BrandingImage.objects.update_or_create(place=place, defaults=kept)
    _note(branding, actor, place, {"type": picture.media_type, "bytes": len(picture.content)}, now)
    return image


@transaction.atomic(durable=True)
def remove_image(*, actor: Actor, place: str, now: datetime) -> None:
    """Removing what is not there changes nothing. Raises Forbidden, NotFound."""
    branding = _held(actor)
    _check_place(place)
    if BrandingImage.objects.filter(place=place).delete()[0]:
        _note(branding, actor, place, None, now)


def _held(actor: Actor) -> Branding:
    """The row, made if need be, that makes changes wait for each other."""
    if not actor.may("admin:settings"):
        raise errors.Forbidden(requiredPermission="admin:settings")
    transaction.on_commit(forget_look)
    Branding.objects.get_or_create(pk=1)
    return Branding.objects.select_for_update(no_key=True).get(pk=1)


def _check_place(place: str) -> None:
    if place not in BrandingImage.Place.values:
        raise errors.NotFound(_("There is no such place for an image."))


def _note(branding: Branding, actor: Actor, place: str, image: dict[str, Any] | None, now: datetime) -> None:
    branding.updated_at = now
    branding.save(update_fields=["updated_at"])
    audit.record("UPDATE_BRANDING", actor=actor, obj=branding, at=now, old={}, new={place: image})
