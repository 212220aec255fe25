"""Refusals of subscriptions."""

from django.utils.translation import gettext_lazy

from litemaas.errors import AlreadyExists, InvalidInput, InvalidStateTransition


class AlreadySubscribed(AlreadyExists):
    """`data`: subscriptionId and status of the row that is there."""

    default_message = gettext_lazy("You have a subscription to this model already.")


class WrongState(InvalidStateTransition):
    """`data`: from and to, the states."""


class QuotaAboveMaximum(InvalidInput):
    """More than an administrator granted, or than the portal allows everybody."""

    code = "LIMIT_EXCEEDS_MAXIMUM"
