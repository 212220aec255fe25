"""The page of one subscription: what it grants and what is used of it, its history, and the keys that use it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from apikeys import policies as key_policies
from apikeys.models import ApiKey
from apikeys.web.states import state_of, with_gateway_state
from subscriptions import quota_rules
from subscriptions.models import Subscription
from subscriptions.web.detail import may, visible

_MOST_KEYS = 50


@require_GET
@signed_in
def subscription(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """One's own; operators see everybody's."""
    row, now = visible(request, subscription_id), timezone.now()
    used_requests, used_tokens = quota_rules.used_now(row, now)
    keys = _keys_of(row)
    values = {
        "row": row,
        "is_own": row.user_id == request.user.pk,
        "actions": may(row, request),
        "may_issue": key_policies.may_issue(request.user),
        "history": row.history.select_related("changed_by"),
        "keys": [(key, state_of(key, now)) for key in keys],
        "used_requests": used_requests,
        "used_tokens": used_tokens,
        # What was asked for, was refused or has ended grants nothing that could be used.
        "has_quota": row.status in {Subscription.Status.ACTIVE, Subscription.Status.SUSPENDED},
        "resets": quota_rules.window_end(now),
        "waits_for_model": bool(row.resumes_as),
    }
    return render(request, "subscriptions/detail.html", values)


def _keys_of(row: Subscription) -> list[ApiKey]:
    """The owner's live keys for which the model was chosen, the newest first."""
    chosen = ApiKey.objects.filter(owner_id=row.user_id, model_links__model_id=row.model_id)
    return list(with_gateway_state(chosen.live(timezone.now())).order_by("-created_at", "id")[:_MOST_KEYS])
