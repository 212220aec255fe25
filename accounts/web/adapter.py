"""allauth's questions about our accounts."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.services import record_sign_in

SESSION_SIGN_IN = "signed_in_at"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Local accounts are made by operators; a sign-in is recorded and dated."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> Any:
        now = timezone.now()
        super().login(request, user)
        request.session[SESSION_SIGN_IN] = now.timestamp()
        record_sign_in(user=user, now=now)
