"""Requests for models one by one, the oldest first, with what one wants to know before deciding."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from litemaas.web.forms import show_refusal
from subscriptions import policies, services
from subscriptions.models import StatusChange, Subscription, SubscriptionQuerySet
from subscriptions.web.forms import ReasonForm
from usage.figures import total
from usage.lines import lines_of
from usage.periods import last_days
from usage.questions import Question
from usage.scopes import Scope

READ = "admin:subscriptions:read"
_DAYS = 30
_EARLIER = 8


class VerdictForm(ReasonForm):
    """The reason is needed to deny only, which the use case knows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = gettext_lazy("The user will read this. Needed to deny.")


@require_http_methods(["GET", "POST"])
@signed_in
def review(request: PageRequest) -> HttpResponse:
    """`at` in the address names the request to show; without it the first. A decision goes on with the next one.
    Read-only administrators leaf through them."""
    may_decide = policies.may_decide(request.user)
    if not may_decide and (request.method == "POST" or not request.user.may(READ)):
        raise errors.Forbidden
    waiting = Subscription.objects.visible_to(request.user).filter(status=Subscription.Status.PENDING)
    waiting = waiting.select_related("user", "model").order_by("status_changed_at", "pk")
    asked_for = request.POST.get("subscription") or request.GET.get("at")
    row = _found(waiting, asked_for) if asked_for else waiting.first()
    if row is None and asked_for:
        messages.info(request, _("Somebody was faster: this request does not wait any more."))
        return redirect("review_requests")
    following = _after(waiting, row) if row else None
    form = VerdictForm(request.POST if request.method == "POST" else None)
    form.fields["reason"].disabled = not may_decide
    if request.method == "POST" and row and form.is_valid() and _decided(request, row, form):
        return redirect(_address_of(following))
    values: dict[str, Any] = {"row": row, "form": form, "left": waiting.count(), "may_decide": may_decide}
    if row:
        values |= {"following": _address_of(following) if following else "", **_facts_of(row)}
    return render(request, "subscriptions/review_requests.html", values)


def _address_of(row: Subscription | None) -> str:
    page = reverse("review_requests")
    return f"{page}?at={row.pk}" if row else page


def _decided(request: PageRequest, row: Subscription, form: VerdictForm) -> bool:
    decide: Callable[..., Subscription] = services.approve_subscription
    said = _("%(user)s may use %(model)s.")
    if request.POST.get("verdict") == "deny":
        decide, said = services.deny_subscription, _("%(user)s may not use %(model)s.")
    try:
        decide(
            actor=request.user,
            subscription_id=row.pk,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
    except errors.InvalidInput as error:
        show_refusal(form, error)
        return False
    except errors.InvalidStateTransition as error:
        messages.info(request, error.message)
    else:
        messages.success(request, said % {"user": row.user.display_name, "model": row.model_id})
    return True


def _after(waiting: SubscriptionQuerySet, row: Subscription) -> Subscription | None:
    """The next one in the order of waiting; behind the last one comes the first again. None: there is no other."""
    later = Q(status_changed_at__gt=row.status_changed_at) | Q(
        status_changed_at=row.status_changed_at, pk__gt=row.pk
    )
    return waiting.filter(later).first() or waiting.exclude(pk=row.pk).first()


def _facts_of(row: Subscription) -> dict[str, Any]:
    now = timezone.now()
    lines = lines_of(Question(Scope.of(row.user), last_days(_DAYS, now)), now=now)
    decided = StatusChange.objects.filter(
        subscription__user=row.user_id,
        new_status__in=[Subscription.Status.ACTIVE, Subscription.Status.DENIED],
        changed_by__isnull=False,
    ).exclude(changed_by=row.user_id)
    mine = Subscription.objects.kept().filter(user=row.user_id)
    return {
        "used": total(lines),
        "used_here": total([line for line in lines if line.model == row.model_id]),
        "active": mine.active().count(),
        "subscribers": Subscription.objects.kept().active().filter(model=row.model_id).count(),
        "history": row.history.select_related("changed_by"),
        "earlier": decided.select_related("subscription", "changed_by").order_by("-changed_at", "-pk")[
            :_EARLIER
        ],
    }


def _found(waiting: SubscriptionQuerySet, text: str) -> Subscription | None:
    try:
        return waiting.filter(pk=UUID(text)).first()
    except ValueError:
        return None
