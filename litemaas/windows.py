"""Budget windows: how long a budget lasts before it starts anew (contract §1.1).

Stored as a word where there is one (`daily`, `weekly`, `monthly`, `yearly`), else as LiteLLM writes durations (`12h`,
`30d`, `2mo`); "" is a budget that never starts anew. LiteLLM is always told its own spelling.
"""

import re

from django.db.models import Q

WORDS = {"daily": "1d", "weekly": "7d", "monthly": "1mo", "yearly": "12mo"}
LONGEST = 12
_SPELLED = re.compile(r"[1-9][0-9]{0,5}(?:s|m|h|d|w|mo)")
_WORD_OF = {spelled: word for word, spelled in WORDS.items()} | {"1w": "weekly"}


def parse_window(text: str | None) -> str:
    """What to store for `text`; None and "" mean never. Raises ValueError with a sentence fit to show."""
    if not text:
        return ""
    if text in WORDS:
        return text
    if not _SPELLED.fullmatch(text):
        raise ValueError(
            "A budget window is daily, weekly, monthly, yearly or a duration like 12h, 30d or 2mo."
        )
    return _WORD_OF.get(text, text)


def window_at_gateway(window: str) -> str | None:
    """The `budget_duration` that LiteLLM understands; None = never."""
    return WORDS.get(window, window) or None


def window_is_known(field: str) -> Q:
    """The condition of the database constraint behind such a column."""
    return Q(**{f"{field}__regex": r"^(daily|weekly|monthly|yearly|[1-9][0-9]{0,5}(s|m|h|d|w|mo))?$"})
