"""What allauth's mails say. Nobody signs up by themselves, so an unknown address is told that and no more."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from litemaas.mail import Content

_Values = Mapping[str, Any]


def _forgotten_password(values: _Values) -> Content:
    name = values.get("username") or values["user"].username
    return Content(
        subject=_("Choose a new password"),
        paragraphs=[
            _("Somebody, hopefully you, asked for a new password of your account %(name)s.") % {"name": name}
        ],
        action=_("Choose a new password"),
        link=values["password_reset_url"],
        notes=[
            _("The link works once. If you did not ask for it, leave it: your password stays as it is."),
        ],
    )


def _unknown_address(values: _Values) -> Content:
    where = {"portal": settings.PORTAL_NAME, "address": values["email"]}
    return Content(
        subject=_("There is no account with this address"),
        paragraphs=[
            _("Somebody asked %(portal)s for a new password for %(address)s. No account has this address.")
            % where,
            _("If it was you, try the address that your administrator knows. If not, leave this mail."),
        ],
    )


def _confirmation(values: _Values) -> Content:
    account = {"name": values["user"].username, "portal": settings.PORTAL_NAME}
    return Content(
        subject=_("Confirm your e-mail address"),
        paragraphs=[
            _("The account %(name)s of %(portal)s has this e-mail address. Confirm that it is yours.")
            % account
        ],
        action=_("Confirm the address"),
        link=values["activate_url"],
        notes=[_("If you know nothing of it, leave this mail: without you the address is not used.")],
    )


_CONTENTS: dict[str, Callable[[_Values], Content]] = {
    "account/email/password_reset_key": _forgotten_password,
    "account/email/unknown_account": _unknown_address,
    "account/email/email_confirmation": _confirmation,
    "account/email/email_confirmation_signup": _confirmation,
}


def content_of(prefix: str, values: _Values) -> Content | None:
    """None for mails that this product sends nobody."""
    made = _CONTENTS.get(prefix)
    return made(values) if made else None
