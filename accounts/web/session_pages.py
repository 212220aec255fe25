"""The page of one's own sessions: everywhere that one is signed in, and the way to end each of it."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sessions
from accounts.web.pages import PageRequest, signed_in


@require_http_methods(["GET"])
@signed_in
def sessions_page(request: PageRequest) -> HttpResponse:
    found = sessions.sessions_of(request.user, current_key=request.session.session_key, now=timezone.now())
    values = {
        "sessions": found,
        "tab": "sessions",
        "has_password": settings.LOCAL_ACCOUNTS and request.user.has_usable_password(),
    }
    return render(request, "account/sessions.html", values)


@require_POST
@signed_in
def end_session(request: PageRequest, session_id: str) -> HttpResponse:
    sessions.end_one(user=request.user, session_id=session_id, now=timezone.now())
    messages.success(request, _("The session has ended."))
    return HttpResponseRedirect(reverse("account_sessions"))


@require_POST
@signed_in
def end_other_sessions(request: PageRequest) -> HttpResponse:
    sessions.end_others(user=request.user, current_key=request.session.session_key, now=timezone.now())
    messages.success(request, _("Your other sessions have ended."))
    return HttpResponseRedirect(reverse("account_sessions"))
