"""Use cases of banners (REST contract §18)."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Actor, Role, User
from litemaas import errors
from litemaas.locks import hold_until_commit
from notifications.services import keep_seen
from portal.look import forget_look
from portal.models import Banner, BannerChange, BannerDismissal

Action = BannerChange.Action
MOST_SHOWN = 5
LONGEST_TEXT = 500
_FIELDS = (
    *("name", "is_active", "priority", "content", "variant", "is_dismissible", "dismiss_hours", "starts_at"),
    *("ends_at", "target_roles", "target_user_ids", "link_url", "link_text", "is_markdown"),
)
# A change of one of these is news: whoever had closed the banner sees it again.
_NEWS = ("content", "is_active")


def _require(actor: Actor) -> None:
    if not actor.may("admin:banners:write"):
        raise errors.Forbidden(requiredPermission="admin:banners:write")


@transaction.atomic(durable=True)
def create_banner(*, actor: Actor, values: dict[str, Any], exclusive: bool = True, now: datetime) -> Banner:
    """Make a banner; an active one hides the others unless `exclusive` is False. Raises Forbidden, InvalidInput."""
    _require(actor)
    _alone()
    banner = Banner(created_by=_person(actor), created_at=now, **_checked(values, None))
    _save(banner, actor, now)
    _record(Action.CREATE, actor, banner, None, state_of(banner), now)
    if banner.is_active and exclusive:
        _hide_others([banner.pk], actor, now)
    return banner


@transaction.atomic(durable=True)
def change_banner(
    *, actor: Actor, banner_id: UUID | str, values: dict[str, Any], exclusive: bool = True, now: datetime
) -> Banner:
    """Change the fields that are named; the others keep their value. Raises Forbidden, NotFound, InvalidInput."""
    _require(actor)
    _alone()
    banner = Banner.objects.select_for_update(no_key=True, of=("self",)).get_or_refuse(banner_id)
    if not values:
        raise errors.InvalidInput(_("Name at least one field to change."))
    old = state_of(banner)
    for name, value in _checked(values, banner).items():
        setattr(banner, name, value)
    new = state_of(banner)
    if new == old:
        return banner
    _save(banner, actor, now)
    if any(new[name] != old[name] for name in _NEWS):
        banner.dismissals.all().delete()
    _record(_action_of(old, new), actor, banner, old, new, now)
    if banner.is_active and exclusive and not old["is_active"]:
        _hide_others([banner.pk], actor, now)
    return banner


@transaction.atomic(durable=True)
def set_visibility(*, actor: Actor, visible: dict[UUID, bool], exclusive: bool = True, now: datetime) -> None:
    """Show and hide several at once, or none when one of them does not exist."""
    _require(actor)
    if not visible:
        raise errors.InvalidInput(_("Name at least one banner."))
    shown = [pk for pk, is_shown in visible.items() if is_shown]
    if exclusive and len(shown) > 1:
        raise errors.InvalidInput(
            _("One banner is shown at a time. Send one true at most, or exclusive=false.")
        )
    _alone()
    rows = list(Banner.objects.filter(pk__in=visible).order_by("pk").select_for_update(no_key=True))
    if len(rows) != len(visible):
        raise errors.NotFound(
            _("One of these banners does not exist. Nothing was changed."), reason="BANNER_NOT_FOUND"
        )
    for banner in rows:
        _show(banner, visible[banner.pk], actor, now)
    if shown and exclusive:
        _hide_others(shown, actor, now)


@transaction.atomic(durable=True)
def delete_banner(*, actor: Actor, banner_id: UUID | str, now: datetime) -> None:
    """Its history stays."""
    _require(actor)
    banner = Banner.objects.select_for_update(of=("self",)).get_or_refuse(banner_id)
    _record(Action.DELETE, actor, banner, state_of(banner), None, now)
    banner.delete()
    transaction.on_commit(forget_look)


@transaction.atomic(durable=True)
def dismiss_banner(*, actor: User, banner_id: UUID | str, now: datetime) -> None:
    """Not show it to this reader any more, for good or for the banner's hours. Again changes nothing."""
    shown_or_dismissed = Banner.objects.filter(is_active=True)
    banner = shown_or_dismissed.get_or_refuse(banner_id)
    if not banner.is_dismissible:
        raise errors.InvalidInput(_("This banner can't be dismissed."), reason="BANNER_NOT_DISMISSIBLE")
    BannerDismissal.objects.update_or_create(
        banner=banner,
        user=actor,
        defaults={"until": BannerDismissal.end_of(banner, now), "dismissed_at": now},
    )
    text = banner.text(get_language() or "en")
    keep_seen(
        user=actor,
        kind="banner",
        variant="info" if banner.variant == Banner.Variant.DEFAULT else banner.variant,
        title=text,
        body="\n".join(part for part in (text if len(text) > 255 else "", banner.link_url) if part),
        once=f"banner:{banner.pk}:{banner.updated_at:%Y-%m-%dT%H:%M:%S.%f}",
        now=now,
    )


def _alone() -> None:
    """One change of banners at a time: two that are activated at once must not both stay."""
    hold_until_commit("banners")


def _hide_others(shown: list[UUID], actor: Actor, now: datetime) -> None:
    others = Banner.objects.filter(is_active=True).exclude(pk__in=shown).order_by("pk")
    for banner in others.select_for_update(no_key=True):
        _show(banner, False, actor, now)


def _show(banner: Banner, is_shown: bool, actor: Actor, now: datetime) -> None:
    if banner.is_active == is_shown:
        return
    old = state_of(banner)
    banner.is_active = is_shown
    _save(banner, actor, now)
    banner.dismissals.all().delete()
    new = state_of(banner)
    _record(_action_of(old, new), actor, banner, old, new, now)


def _save(banner: Banner, actor: Actor, now: datetime) -> None:
    banner.updated_by, banner.updated_at = _person(actor), now
    banner.save()
    transaction.on_commit(forget_look)


def _person(actor: Actor) -> User | None:
    return actor if isinstance(actor, User) else None


def _action_of(old: dict[str, Any], new: dict[str, Any]) -> str:
    if {name for name in new if new[name] != old[name]} == {"is_active"}:
        return Action.ACTIVATE if new["is_active"] else Action.DEACTIVATE
    return Action.UPDATE


def _record(
    action: str,
    actor: Actor,
    banner: Banner,
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
    now: datetime,
) -> None:
    BannerChange.objects.create(
        banner_id=banner.pk,
        action=action,
        changed_by=_person(actor),
        previous_state=old,
        new_state=new,
        changed_at=now,
    )
    audit.record(f"BANNER_{action.upper()}", actor=actor, obj=banner, at=now, old=old, new=new)


def state_of(banner: Banner) -> dict[str, Any]:
    """All that can be changed, as JSON values."""
    found = {name: getattr(banner, name) for name in _FIELDS}
    found["target_user_ids"] = [str(pk) for pk in banner.target_user_ids]
    for name in ("starts_at", "ends_at"):
        found[name] = found[name].isoformat() if found[name] else None
    return found


def _checked(values: dict[str, Any], present: Banner | None) -> dict[str, Any]:
    """The values as they are stored. Raises InvalidInput, which names every wrong field."""
    wrong: dict[str, Any] = {}
    found = dict(values)
    for field, wire, is_needed in (("content", "content", True), ("link_text", "linkText", False)):
        if field in found:
            found[field] = _texts(found[field] or {}, wire, is_needed, wrong)
    if "name" in found and not found["name"].strip():
        wrong["name"] = _("Give the banner a name.")
    for field in ("target_roles", "target_user_ids", "link_url"):
        if field in found and found[field] is None:
            found[field] = "" if field == "link_url" else []
    if found.get("link_url") and urlsplit(found["link_url"]).scheme not in {"http", "https"}:
        wrong["linkUrl"] = _("A link begins with https:// or http://.")
    if unknown := set(found.get("target_roles", ())) - set(Role.values):
        wrong["targetRoles"] = _("There is no role %(role)s.") % {"role": ", ".join(sorted(unknown))}
    starts, ends = (
        found[name] if name in found else getattr(present, name, None) for name in ("starts_at", "ends_at")
    )
    if starts and ends and ends <= starts:
        wrong["endDate"] = _("A banner ends after it starts.")
    if wrong:
        raise errors.InvalidInput(fields={name: str(text) for name, text in wrong.items()})
    return found


def _texts(texts: dict[str, str], wire: str, is_needed: bool, wrong: dict[str, Any]) -> dict[str, str]:
    kept = {language: text.strip() for language, text in texts.items() if text and text.strip()}
    if is_needed and "en" not in kept:
        wrong[wire] = _("The English text is required.")
    if any(not language.isascii() or not 2 <= len(language) <= 8 for language in kept):
        wrong[wire] = _("A language code has 2 to 8 letters.")
    if any(len(text) > LONGEST_TEXT for text in kept.values()):
        wrong[wire] = _("A text has at most %(most)d characters.") % {"most": LONGEST_TEXT}
    return kept
