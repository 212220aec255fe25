"""Signing a browser out: here, and on request at the provider that vouched for it."""

from django.contrib.auth import logout
from django.http import HttpRequest

from accounts.providers import flow


def sign_out_of(request: HttpRequest, *, back: str) -> str | None:
    """End the portal's session; the provider's sign-out page, if there is one."""
    known = request.session.get(flow.PROVIDER_SESSION) or {}
    logout(request)
    if not known.get("provider"):
        return None
    return flow.sign_out_address(known["provider"], known.get("id_token", ""), back)
