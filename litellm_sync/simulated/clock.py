"""The simulated gateway's idea of the time, which tests may shift."""

from datetime import UTC, datetime, timedelta


class Clock:
    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


def zulu(moment: datetime) -> str:
    """As most answers write it: 2026-11-22T21:47:49.549000Z, to the millisecond."""
    return f"{_millis(moment)}000Z"


def with_offset(moment: datetime) -> str:
    """As spend logs write it: 2026-11-22T21:47:50.133+00:00."""
    return f"{_millis(moment)}+00:00"


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _millis(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}"
