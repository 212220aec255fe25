"""Months in UTC, as tables that are partitioned by month count them. A month is its first instant."""

from datetime import UTC, datetime


def month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    years, index = divmod(month.month, 12)
    return month.replace(year=month.year + years, month=index + 1)
