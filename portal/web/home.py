"""The first page: where one stands, and what to do next."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from apikeys import policies as key_policies
from portal.web import standing


@require_GET
@signed_in
def home(request: PageRequest) -> HttpResponse:
    user, now = request.user, timezone.now()
    money = standing.money_of(user, now=now)
    shown = {
        "money": money,
        "standing": standing.standing_of(user, has_calls=money.has_calls, now=now),
        "may_issue": key_policies.may_issue(user),
        "messages_latest": standing.latest_messages(user),
        "operations": standing.operations(now=now) if user.sees_everything else None,
    }
    return render(request, "portal/home.html", shown)
