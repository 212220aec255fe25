"""Showing a secret again, and handing one that is on the page over as a file."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.errors import SignInTooOld
from accounts.recent_sign_in import signed_in_at
from accounts.web.pages import PageRequest, signed_in
from accounts.web.sessions import ask_again
from apikeys import services
from apikeys.errors import SecretNotKept, SecretNotReadable, TooManyReveals
from apikeys.models import ApiKeySecret
from apikeys.secrets import token_hash
from apikeys.web import listing
from apikeys.web.views import detail_of
from litemaas import errors
from litemaas.web.snippets import KEY_VARIABLE


@require_POST
@signed_in
def reveal(request: PageRequest, key_id: UUID) -> HttpResponse:
    """Show the secret in this answer only. After too long a session the password is asked for first."""
    try:
        secret = services.reveal_api_key(
            actor=request.user, key_id=key_id, signed_in_at=signed_in_at(request), now=timezone.now()
        )
    except SignInTooOld:
        return ask_again(request, reverse("api_key", args=[key_id]))
    except (SecretNotKept, SecretNotReadable) as error:
        messages.warning(request, error.message)
        return redirect("api_key", key_id)
    except TooManyReveals as error:
        minutes = -(-error.data["retryAfter"] // 60)
        text = _("You have revealed keys too often. You can do it again in %(n)s min.") % {"n": minutes}
        messages.warning(request, text)
        return redirect("api_key", key_id)
    return detail_of(request, key_id, secret)


@require_POST
@sensitive_post_parameters("secret")
@signed_in
def env_file(request: PageRequest, key_id: UUID) -> HttpResponse:
    """The secret that a page just showed, as a file of environment variables.

    It comes from that page, so this works where no secret is kept, and shows nothing that was not shown already: only
    a secret of this very key is given back.
    """
    key = listing.cared_for(request.user).get_or_refuse(key_id)
    secret = request.POST.get("secret", "")
    if not ApiKeySecret.objects.live().filter(api_key=key, token_hash=token_hash(secret)).exists():
        raise errors.NotFound(_("This is no secret of the key."))
    text = f"{KEY_VARIABLE}={secret}\nLITEMAAS_BASE_URL={settings.LITELLM_PUBLIC_URL}/v1\n"
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="litemaas.env"'
    return answer
