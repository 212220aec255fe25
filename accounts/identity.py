"""The use case of a sign-in through an identity provider: whose account it is, and what the groups give."""

import re
import unicodedata
from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, options
from accounts.credentials import ProviderGrant
from accounts.models import SYSTEM, User
from accounts.permissions import ADMIN, USER
from accounts.providers.errors import AddressTaken, NotBelieved
from accounts.providers.provider import Person
from accounts.services import groups_changed
from litellm_sync import outbox
from litemaas import crypto, errors

_NOT_IN_A_NAME = re.compile(r"[^\w.@+-]+")
_LONGEST_NAME = 150
_MOST_GROUPS = 1000


@transaction.atomic(durable=True)
def take_in(person: Person, *, now: datetime) -> tuple[User, SocialAccount]:
    """The account of somebody whom a provider vouches for: known by (provider, subject), linked, or made.

    The address alone takes nothing over: it must be verified, and an operator must have opened the account for it.
    Raises AddressTaken, NotBelieved for an account that is not active.
    """
    account = (
        SocialAccount.objects.select_related("user")
        .select_for_update(of=("self",), no_key=True)
        .filter(provider=person.provider, uid=person.subject)
        .first()
    )
    if account is None:
        account = _link(person, now) or _make(person, now)
    user: User = User.objects.select_for_update(no_key=True).get(pk=account.user_id)
    if not user.is_active or user.is_service:
        raise NotBelieved("The account is not active.")
    _follow_profile(user, person)
    hear_groups(user, account, person, now=now)
    return user, account


def hear_groups(user: User, account: SocialAccount, person: Person, *, now: datetime) -> None:
    """Follow what a provider says now of somebody's groups, and remember how to ask it again.

    Some providers leave the claim out for who is in no group: of somebody who was in one that says "none" as well.
    """
    grants = ProviderGrant.objects.filter(account=account)
    if person.groups is None and not grants.exists():
        return
    groups = list((person.groups or ())[:_MOST_GROUPS])
    follow_groups(user, groups, now=now)
    if not groups:
        grants.delete()
        return
    sealed = crypto.seal(person.token, bound_to=grant_binding(account.pk)) if person.token else None
    due = now + (settings.GROUPS_RECHECK if sealed else settings.GROUPS_MAX_AGE)
    ProviderGrant.objects.update_or_create(
        account=account, defaults={"sealed_token": sealed, "confirmed_at": now, "due_at": due}
    )


def grant_binding(account_id: int) -> str:
    return f"provider grant {account_id}"


def _link(person: Person, now: datetime) -> SocialAccount | None:
    """The account with the person's verified address, if it may be linked. Raises AddressTaken if it may not."""
    if not person.email or not person.email_is_verified:
        return None
    user = User.objects.select_for_update(no_key=True).filter(email__iexact=person.email).first()
    if user is None:
        return None
    if not user.is_open_for_linking:
        raise AddressTaken("An account with this address exists and is not open for linking.")
    user.is_open_for_linking = False
    user.save(update_fields=["is_open_for_linking", "updated_at"])
    audit.record(
        "USER_LINK", actor=SYSTEM, obj=user, at=now, metadata={"provider": person.provider, "by": "email"}
    )
    return _account(user, person)


@transaction.atomic(durable=True)
def connect(*, user: User, person: Person, now: datetime) -> None:
    """Let one more provider vouch for an account. Raises NotBelieved when the identity is another account's."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    known = SocialAccount.objects.filter(provider=person.provider, uid=person.subject).first()
    if known is not None:
        if known.user_id != user.pk:
            raise NotBelieved("This identity belongs to another account.")
        return
    try:
        with transaction.atomic():
            _account(user, person)
    except IntegrityError:
        raise NotBelieved("This identity belongs to another account.") from None
    audit.record(
        "USER_LINK", actor=user, obj=user, at=now, metadata={"provider": person.provider, "by": "person"}
    )


@transaction.atomic(durable=True)
def disconnect(*, user: User, account_id: int, now: datetime) -> None:
    """Take one's own identity of a provider away. Raises NotFound, and Conflict for the last way to sign in.

    What its groups gave goes as well: nobody else would take it back. Those of another one count at its next sign-in.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    account = SocialAccount.objects.filter(user=person, pk=account_id).first()
    if account is None:
        raise errors.NotFound(_("This connection does not exist."))
    if not may_disconnect(person):
        raise errors.Conflict(_("This is your only way to sign in. Connect another one first."))
    account.delete()
    audit.record(
        "USER_UNLINK", actor=user, obj=user, at=now, metadata={"provider": account.provider, "by": "person"}
    )
    follow_groups(person, [], now=now)


def may_disconnect(user: User) -> bool:
    """Whether there is another way in: a further provider that is configured, or a password that is taken here."""
    live = SocialAccount.objects.filter(user=user, provider__in=settings.IDENTITY_PROVIDERS).count()
    return live > 1 or (settings.LOCAL_ACCOUNTS and user.has_usable_password())


def _make(person: Person, now: datetime) -> SocialAccount:
    admins = {entry.lower() for entry in settings.INITIAL_ADMINS}
    roles = [ADMIN, USER] if person.known_as & admins else [USER]
    user = User(
        username=_free_name(person),
        email=person.email if person.email_is_verified else "",
        full_name=person.full_name[:255],
        roles=roles,
        **options.limits_of_a_new_account(),
    )
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            account = _account(user, person)
    except IntegrityError:
        # Somebody with the same name or address came in at the same moment; trying again finds the way.
        raise NotBelieved("Two sign-ins met. Try again.") from None
    audit.record(
        "USER_CREATE",
        actor=SYSTEM,
        obj=user,
        at=now,
        new={"username": user.username, "roles": user.roles},
        metadata={"provider": person.provider},
    )
    return account


def _account(user: User, person: Person) -> SocialAccount:
    return SocialAccount.objects.create(
        user=user, provider=person.provider, uid=person.subject, extra_data={}
    )


def _free_name(person: Person) -> str:
    """The provider's user name, else the address's first part; with a number where that is taken."""
    wished = person.username or person.email.partition("@")[0] or f"{person.provider}-user"
    plain = _NOT_IN_A_NAME.sub("-", unicodedata.normalize("NFKC", wished)).strip("-")[: _LONGEST_NAME - 8]
    base = plain or "user"
    taken = set(User.objects.filter(username__istartswith=base).values_list("username", flat=True)[:10_000])
    lowered = {name.lower() for name in taken}
    numbered = (base if n == 1 else f"{base}-{n}" for n in range(1, 1_000_000))
    return next(name for name in numbered if name.lower() not in lowered)


def _follow_profile(user: User, person: Person) -> None:
    """The name is the provider's to say until the person says it here."""
    if person.full_name and not user.full_name:
        user.full_name = person.full_name[:255]
        user.save(update_fields=["full_name", "updated_at"])


def follow_groups(user: User, groups: list[str], *, now: datetime) -> None:
    """Give the roles of these groups, and take back what only a group gave that is gone. Manual grants stay."""
    _follow_roles(user, groups, now)
    groups_changed(user, groups, now)


def withdraw_group_roles(user: User, *, now: datetime) -> None:
    """Nobody vouches for the groups any more: roles rest until somebody does again.

    Places in teams stay, for programs work with the keys of teams: those go on somebody's word only, not because a
    session at the provider ran out over night.
    """
    _follow_roles(user, [], now)


def _follow_roles(user: User, groups: list[str], now: datetime) -> None:
    given = {settings.GROUP_ROLES[group] for group in groups if group in settings.GROUP_ROLES}
    manual = set(user.roles) - set(user.group_roles)
    # Everybody has a role of their own: without one a lost group would leave an account that can't be stored.
    manual = manual or {USER}
    roles, group_roles = sorted(manual | given), sorted(given - manual)
    if (roles, group_roles) != (sorted(user.roles), sorted(user.group_roles)):
        old = {"roles": sorted(user.roles)}
        user.roles, user.group_roles = roles, group_roles
        user.save(update_fields=["roles", "group_roles", "updated_at"])
        if old["roles"] != roles:
            audit.record(
                "USER_UPDATE",
                actor=SYSTEM,
                obj=user,
                at=now,
                old=old,
                new={"roles": roles},
                metadata={"by": "groups"},
            )
            outbox.mark_dirty("user", user.pk, now=now)
