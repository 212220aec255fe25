"""Refusals of the catalogue."""

from django.utils.translation import gettext_lazy

from litemaas.errors import Conflict, DomainError, NotFound


class ModelNotFound(NotFound):
    default_message = gettext_lazy("There is no such model.")


class SyncRunning(Conflict):
    code = "JOB_RUNNING"
    default_message = gettext_lazy("A synchronisation is running already. Wait until it is done.")


class SyncSafetyStop(Conflict):
    """`data`: vanished and total, counts of models."""

    code = "SYNC_SAFETY_STOP"
    default_message = gettext_lazy("So many models would vanish that nothing was changed.")


class EmptyCatalogue(DomainError):
    """The gateway answered with no model at all: more likely its fault than the truth."""

    code = "LITELLM_ERROR"
    default_message = gettext_lazy("The gateway listed no models. Nothing was changed.")


class NotManagedHere(DomainError):
    """The gateway's configuration file decides about this model, or the gateway does not have it."""

    code = "INVALID_MODEL"
    default_message = gettext_lazy(
        "This model comes from the gateway's configuration file. It can only be changed there."
    )
