"""When the person behind a session last proved who they are."""

from datetime import UTC, datetime

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from accounts.web.adapter import SESSION_SIGN_IN


def signed_in_at(request: HttpRequest) -> datetime | None:
    """The sign-in, or a later confirmation of the password (allauth records both in the session)."""
    times = [request.session.get(SESSION_SIGN_IN)]
    times += [record.get("at") for record in get_authentication_records(request)]
    known = [time for time in times if isinstance(time, int | float)]
    return datetime.fromtimestamp(max(known), UTC) if known else None
