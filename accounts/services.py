"""Use cases of people and their sign-in."""

from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.utils import has_verified_email
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, options, sessions
from accounts.credentials import SignIn
from accounts.errors import AddressNotConfirmed, SecondFactorNeeded, SignInFailed, TooManySignIns
from accounts.models import Actor, Role, User
from accounts.permissions import ADMIN
from accounts.tokens import end_sign_ins
from litellm_sync import outbox
from litemaas import errors
from litemaas.hooks import Hook

# Called with user=…, now=… when somebody's right to use anything began or ended.
activity_changed: Hook[[User, datetime]] = Hook()
# Called with user=…, groups=…, now=… in the transaction of a sign-in through a provider that tells the groups.
groups_changed: Hook[[User, list[str], datetime]] = Hook()


class LastAdmin(errors.Conflict):
    code = "LAST_ADMIN"
    default_message = gettext_lazy("This is the last active administrator. Make somebody else one first.")


@transaction.atomic(durable=True)
def register_user(
    *,
    actor: Actor,
    username: str,
    email: str = "",
    full_name: str = "",
    roles: list[str] | None = None,
    password: str | None = None,
    now: datetime,
) -> User:
    """Make an account. Without a password it can't sign in locally. The gateway learns of it with the first key."""
    user = User(
        username=username.strip(),
        email=email.strip(),
        full_name=full_name,
        roles=roles or [Role.USER],
        **options.limits_of_a_new_account(),
    )
    _check_identity(user)
    user.set_password(password) if password else user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise errors.AlreadyExists(_("There is an account with this user name or e-mail address.")) from None
    audit.record(
        "USER_CREATE", actor=actor, obj=user, at=now, new={"username": user.username, "roles": user.roles}
    )
    return user


def _check_identity(user: User) -> None:
    if not user.username or len(user.username) > 150:
        raise errors.InvalidInput(fields={"username": _("Give a user name of at most 150 characters.")})
    if user.email:
        try:
            validate_email(user.email)
        except ValidationError:
            raise errors.InvalidInput(fields={"email": _("This is not an e-mail address.")}) from None


_CHANGED_BY_OPERATORS = (
    *("roles", "group_roles", "is_active", "deactivated_at", "deactivation_reason", "updated_at"),
)


@transaction.atomic(durable=True)
def change_user(
    *,
    actor: Actor,
    user_id: Any,
    roles: list[str] | None = None,
    is_active: bool | None = None,
    reason: str = "",
    now: datetime,
) -> User:
    """Change somebody's roles or whether the account is active. Effective with the commit.

    A role that a group gave and that is taken here comes back with the next sign-in of somebody still in the group.
    """
    if not actor.may("users:write"):
        raise errors.Forbidden(requiredPermission="users:write")
    # All administrators are locked, so that two who demote each other at once can't both succeed.
    admins = list(
        User.objects.active()
        .filter(roles__contains=[ADMIN], is_service=False)
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    user: User | None = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise errors.NotFound(_("This user does not exist."))
    old = {"roles": user.roles, "isActive": user.is_active}
    user.roles = user.roles if roles is None else sorted(set(roles))
    user.is_active = user.is_active if is_active is None else is_active
    user.group_roles = [role for role in user.group_roles if role in user.roles]
    if user.is_active != old["isActive"]:
        user.deactivated_at = None if user.is_active else now
        user.deactivation_reason = "" if user.is_active else reason[:500]
    _check_roles(user)
    if {a.pk for a in admins} == {user.pk} and not (user.is_active and user.is_admin):
        raise LastAdmin
    user.save(update_fields=_CHANGED_BY_OPERATORS)
    new = {"roles": user.roles, "isActive": user.is_active}
    if new != old:
        facts = {"reason": reason} if reason else {}
        audit.record("USER_UPDATE", actor=actor, obj=user, at=now, old=old, new=new, metadata=facts)
        outbox.mark_dirty("user", user.pk, now=now)
    if new["isActive"] != old["isActive"]:
        # Also when somebody comes back: what was signed in before must not live again.
        sessions.end_all(user, now=now)
        activity_changed(user, now)
    return user


def is_last_admin(user: User) -> bool:
    """Whether nobody else could look after the portal: `change_user` refuses to take that from them."""
    if not (user.is_active and ADMIN in user.roles) or user.is_service:
        return False
    others = User.objects.active().filter(roles__contains=[ADMIN], is_service=False).exclude(pk=user.pk)
    return not others.exists()


@transaction.atomic(durable=True)
def open_for_linking(*, actor: Actor, user_id: Any, now: datetime) -> User:
    """Let a provider's verified e-mail address take this account over, once. For moving people to a provider."""
    if not actor.may("users:write"):
        raise errors.Forbidden(requiredPermission="users:write")
    user: User | None = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise errors.NotFound(_("This user does not exist."))
    if user.is_service or not user.email:
        raise errors.InvalidStateTransition(
            _("Only a person's account with an e-mail address can be linked.")
        )
    if not user.is_open_for_linking:
        user.is_open_for_linking = True
        user.save(update_fields=["is_open_for_linking", "updated_at"])
        audit.record(
            "USER_UPDATE",
            actor=actor,
            obj=user,
            at=now,
            old={"openForLinking": False},
            new={"openForLinking": True},
        )
    return user


def _check_roles(user: User) -> None:
    unknown = [role for role in user.roles if role not in Role.values]
    if unknown or not user.roles:
        raise errors.InvalidInput(
            fields={"roles": _("Roles must be one or more of %(names)s.") % {"names": ", ".join(Role.values)}}
        )


def sign_in_with_password(request: HttpRequest, *, username: str, password: str, now: datetime) -> User:
    """The user whose local account this is. Raises SignInFailed alike for every reason; both ends are recorded.

    The tries per account are counted with those on the portal's page. Raises SecondFactorNeeded or AddressNotConfirmed
    where a password is not enough.
    """
    try:
        user = get_adapter(request).authenticate(request, username=username, password=password)
    except ValidationError:
        raise TooManySignIns from None
    if not isinstance(user, User) or user.is_service or not user.is_active:
        raise SignInFailed
    if is_mfa_enabled(user) or (settings.ADMINS_NEED_MFA and user.is_admin):
        raise SecondFactorNeeded
    if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory" and not has_verified_email(user):
        raise AddressNotConfirmed
    record_sign_in(user=user, now=now)
    return user


@transaction.atomic(durable=True)
def change_password(*, user: User, password: str, now: datetime) -> None:
    """A new password of somebody who proved who they are. Sign-ins with the former one end."""
    user.set_password(password)
    user.save(update_fields=["password", "updated_at"])
    ended = end_sign_ins(SignIn.objects.filter(user=user, method=SignIn.Method.PASSWORD), now=now)
    audit.record(
        "PASSWORD_CHANGE", actor=user, resource=("AUTH", str(user.pk)), at=now, metadata={"ended": ended}
    )


@transaction.atomic
def record_sign_in(*, user: User, now: datetime) -> None:
    User.objects.filter(pk=user.pk).update(last_login=now)
    audit.record("LOGIN", actor=user, resource=("AUTH", str(user.pk)), at=now)


@transaction.atomic
def record_sign_out(*, user: User, now: datetime) -> None:
    audit.record("LOGOUT", actor=user, resource=("AUTH", str(user.pk)), at=now)


def push_user(user: User, *, now: datetime) -> None:
    """Have the gateway know this user, in the caller's transaction, which also marks what needs the user there."""
    outbox.mark_dirty("user", user.pk, now=now, hurried=False)
