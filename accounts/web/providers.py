"""Sign-in through a provider from the portal's own page, and the page after a sign-out."""

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.providers import flow
from accounts.providers.errors import NotBelieved, ProviderAway
from accounts.web.adapter import PROVIDER_SIGN_OUT
from litemaas.api.throttling import SIGN_IN, count

log = structlog.get_logger(__name__)


@never_cache
@require_GET
def sign_in(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Off to the provider. A plain link: a form's redirect to another host would offend the content policy."""
    count(request, SIGN_IN)
    try:
        return HttpResponseRedirect(
            flow.begin(request, provider_id, next_url=_next(request), again="again" in request.GET)
        )
    except NotBelieved as error:
        log.error("an identity provider can't be used", reason=str(error))
        raise ProviderAway from error


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


@never_cache
@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """Offers to sign out at the provider too, once."""
    address = request.session.pop(PROVIDER_SIGN_OUT, None)
    if address is None:
        return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))
    return render(request, "account/signed_out.html", {"provider_sign_out": address})
