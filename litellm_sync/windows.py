"""Budget windows: how long a budget lasts before it starts anew (REST contract §1.1).

Kept as the word where there is one (`daily`), else as LiteLLM writes durations (`12h`, `30d`, `2mo`); "" = no window.
"""

import re

from django.db.models import Q
from django.utils.translation import gettext as _

from litemaas.errors import InvalidInput

LONGEST = 12
_AT_GATEWAY = {"daily": "1d", "weekly": "7d", "monthly": "1mo", "yearly": "12mo"}
_WORDS = {duration: word for word, duration in _AT_GATEWAY.items()} | {"1w": "weekly"}
_DURATION = re.compile(r"[1-9]\d{0,5}(?:[smhdw]|mo)", re.ASCII)


def read_window(raw: str | None, *, field: str = "budgetDuration") -> str:
    """What to keep of a client's text; None and "" are no window. Raises InvalidInput that names `field`."""
    text = (raw or "").strip()
    if not text or text in _AT_GATEWAY:
        return text
    if not _DURATION.fullmatch(text):
        raise InvalidInput(
            fields={
                field: _("%(field)s must be daily, weekly, monthly, yearly, or like 12h, 30d, 2w or 3mo.")
                % {"field": field}
            }
        )
    return word_of(text)


def word_of(window: str) -> str:
    """The word where there is one: `1mo` is `monthly`. What is no window stays as it is."""
    return _WORDS.get(window, window)


def at_gateway(window: str) -> str | None:
    """The same for LiteLLM; None without a window."""
    return _AT_GATEWAY.get(window, window) or None


def is_known(field: str) -> Q:
    """The condition of the database constraint behind a column with a window."""
    return Q(**{f"{field}__regex": r"^(daily|weekly|monthly|yearly|[1-9][0-9]{0,5}(s|m|h|d|w|mo))?$"})
