"""Why a provider's word was not taken. The person is told little, the log and the record more."""

from allauth.socialaccount.providers.base import ProviderException
from django.utils.translation import gettext_lazy

from litemaas.errors import ServiceUnavailable


class NotBelieved(ProviderException):  # type: ignore[misc]
    """The provider's answer failed a check; the text says which and holds no secret."""


class ProviderAway(ServiceUnavailable):
    default_message = gettext_lazy(
        "The identity provider does not answer. Nothing was changed. Try again in a moment."
    )


class AddressTaken(NotBelieved):
    """An account with the verified address exists, and no operator opened it for linking."""
