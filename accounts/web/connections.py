"""Which identity providers vouch for one's account, and adding another one or taking one away."""

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import identity
from accounts.providers import flow
from accounts.providers.errors import NotBelieved, ProviderAway
from accounts.web.pages import PageRequest, signed_in
from litemaas.api.throttling import SIGN_IN, count


@require_GET
@signed_in
def listed(request: PageRequest) -> HttpResponse:
    accounts = list(SocialAccount.objects.filter(user=request.user).order_by("date_joined", "pk"))
    taken = {account.provider for account in accounts}
    names = {slug: app["name"] for slug, app in settings.IDENTITY_PROVIDERS.items()}
    values = {
        "connections": [
            {
                "id": account.pk,
                "name": names.get(account.provider, account.provider),
                "subject": account.uid,
                "since": account.date_joined,
                "last_used": account.last_login,
            }
            for account in accounts
        ],
        "others": [{"id": slug, "name": name} for slug, name in names.items() if slug not in taken],
        "may_remove": identity.may_disconnect(request.user),
    }
    return render(request, "account/connections.html", values)


@never_cache
@require_GET
@signed_in
def connect(request: PageRequest, provider_id: str) -> HttpResponse:
    """Off to the provider, from our own page only: another site must not have its identity added to an account.

    A plain link, as every way to a provider: a form's redirect to another host would offend the content policy.
    """
    count(request, SIGN_IN)
    back = reverse("account_connections")
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        messages.info(request, _("Choose on this page what to connect."))
        return redirect(back)
    try:
        address = flow.begin(request, provider_id, next_url=back, connects=request.user)
    except NotBelieved as error:
        raise ProviderAway from error
    return HttpResponseRedirect(address)


@require_POST
@signed_in
def remove(request: PageRequest, account_id: int) -> HttpResponse:
    identity.disconnect(user=request.user, account_id=account_id, now=timezone.now())
    messages.success(request, _("This provider does not vouch for you any more."))
    return redirect("account_connections")
