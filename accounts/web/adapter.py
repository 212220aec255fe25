"""allauth's questions about our accounts."""

import smtplib
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from accounts.profile import start_page_of
from accounts.providers.flow import PROVIDER_SESSION
from accounts.providers.sign_out import sign_out_of
from accounts.recent_sign_in import SESSION_SIGN_IN
from accounts.services import change_password, record_sign_in, record_sign_out
from accounts.web.mails import content_of
from litemaas import context
from litemaas.errors import ServiceUnavailable
from litemaas.mail import compose, in_language_of

log = structlog.get_logger(__name__)

# In the session after a sign-out: where the provider signs people out.
PROVIDER_SIGN_OUT = "provider_sign_out"
_SAID_BY_THE_PAGE = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Local accounts are made by operators; a sign-in is recorded and dated."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        if not settings.LOCAL_ACCOUNTS:
            raise PermissionDenied
        super().pre_authenticate(request, **credentials)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The form gives an address twice, as a name too; a known one's password would be tried twice, and be slower."""
        if credentials.get("email") == credentials.get("username"):
            credentials.pop("email", None)
        return super().authenticate(request, **credentials)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        name = str(credentials.get("username") or credentials.get("email") or "")
        with transaction.atomic():
            audit.record(
                "AUTH_FAILED",
                actor=None,
                resource=("AUTH", name[:255]),
                at=timezone.now(),
                error="Wrong credentials",
            )

    def login(self, request: HttpRequest, user: User) -> Any:
        now = timezone.now()
        super().login(request, user)
        request.session[SESSION_SIGN_IN] = now.timestamp()
        # The taste of the profile before that of this browser; litemaas.api.middleware makes cookies of it.
        request.language_of_profile = user.preferences.get("language", "")  # type: ignore[attr-defined]
        request.theme_of_profile = user.preferences.get("theme", "")  # type: ignore[attr-defined]
        record_sign_in(user=user, now=now)

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> Any:
        """Who was on the way to no page in particular goes to the one of the profile."""
        if options.get("redirect_url") in {None, "", "/", resolve_url(settings.LOGIN_REDIRECT_URL)}:
            options["redirect_url"] = start_page_of(user)
        return super().post_login(request, user, **options)

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        address = sign_out_of(request, back=f"{settings.PUBLIC_URL}{resolve_url(settings.LOGIN_URL)}")
        if isinstance(user, User):
            record_sign_out(user=user, now=timezone.now())
        if address:
            request.session[PROVIDER_SIGN_OUT] = address

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """allauth asks before it signs out."""
        if PROVIDER_SESSION in request.session:
            return reverse("signed_out")
        return str(super().get_logout_redirect_url(request))

    def add_message(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """That one is signed in shows, and a provider's answer comes in below /api, where there are no messages."""
        template = kwargs.get("message_template") or (args[1] if len(args) > 1 else "")
        if hasattr(request, "_messages") and template not in _SAID_BY_THE_PAGE:
            super().add_message(request, *args, **kwargs)

    def get_client_ip(self, request: HttpRequest) -> str:
        """As everywhere else: forwarded addresses count from configured proxies only."""
        return context.current().address or request.META.get("REMOTE_ADDR") or "127.0.0.1"

    def set_password(self, user: User, password: str) -> None:
        """A new password ends whatever the former one opened: browsers by Django's own check, API clients here."""
        change_password(user=user, password=password, now=timezone.now())

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Nobody gets a password who never had one here: it would be a way around the provider."""
        if user.has_usable_password() and settings.LOCAL_ACCOUNTS:
            super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of the profile; for an address without one, of the browser that asks.

        Raises ServiceUnavailable when the mail server is away: whoever waits for a link has to know.
        """
        try:
            user = context.get("user")
            if isinstance(user, User) and user.preferences.get("language"):
                with in_language_of(user.preferences):
                    self._send(template_prefix, email, context)
            else:
                self._send(template_prefix, email, context)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("a mail could not be sent", mail=template_prefix, error=type(error).__name__)
            raise ServiceUnavailable(
                _("The mail could not be sent. Try again in a few minutes."), retryAfter=60
            ) from None

    def _send(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        content = content_of(template_prefix, {"email": email, **context})
        if content is None:
            super().send_mail(template_prefix, email, context)
        else:
            compose(content, to=email).send()
