"""Why the portal itself changed a subscription. Kept in English like all that is kept, shown in the reader's language."""

from django.utils.translation import gettext, gettext_noop

TIME_RAN_OUT = gettext_noop("Its time ran out.")
QUOTA_USED_UP = gettext_noop("The quota of this month is used up.")
QUOTA_LEFT = gettext_noop("There is quota left again.")
MODEL_GONE = gettext_noop("The gateway does not offer this model any more.")
MODEL_BACK = gettext_noop("The gateway offers this model again.")
MODEL_RETIRED = gettext_noop("The model was taken out of the catalogue.")
MODEL_RESTRICTED = gettext_noop("The model became restricted.")
MODEL_OPEN = gettext_noop("The model became open to all.")
_OF_THE_PORTAL = {
    *(TIME_RAN_OUT, QUOTA_USED_UP, QUOTA_LEFT),
    *(MODEL_GONE, MODEL_BACK, MODEL_RETIRED, MODEL_RESTRICTED, MODEL_OPEN),
}


def is_of_the_portal(reason: str) -> bool:
    return reason in _OF_THE_PORTAL


def in_words(reason: str) -> str:
    """What people wrote stays as they wrote it."""
    return gettext(reason) if is_of_the_portal(reason) else reason
