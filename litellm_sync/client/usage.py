"""What was used: one row per call, and sums per day."""

import datetime as dt

from litellm_sync.client.caller import Caller
from litellm_sync.client.pages import DailyActivityPage, SpendLogPage, count, objects, record


class UsageCalls(Caller):
    def spend_logs(
        self,
        *,
        start: dt.datetime,
        end: dt.datetime,
        page: int = 1,
        page_size: int = 100,
        ascending: bool = True,
        deadline: float | None = None,
    ) -> SpendLogPage:
        """Calls that began in [start, end], a page at a time. `page_size` is at most 100 before 1.109, then
        1,000.

        LiteLLM takes whole seconds: the window is widened to them, so rows of the edge may come twice and
        never go missing. 1.80 ignores the order asked for and gives newest first. Rows appear seconds after
        the call.
        """
        query = {
            "start_date": _seconds(start),
            "end_date": _seconds(_up(end)),
            "page": page,
            "page_size": page_size,
            "sort_by": "startTime",
            "sort_order": "asc" if ascending else "desc",
        }
        answer = record(self._get_rows("/spend/logs/v2", deadline=deadline, **query), "/spend/logs/v2")
        return SpendLogPage(
            rows=objects(answer.get("data"), "/spend/logs/v2 data"),
            total=count(answer.get("total"), "/spend/logs/v2 total"),
            page=count(answer.get("page"), "/spend/logs/v2 page"),
            total_pages=count(answer.get("total_pages"), "/spend/logs/v2 total_pages"),
            total_is_capped=bool(answer.get("total_is_capped", False)),
        )

    def daily_activity(
        self,
        *,
        start: dt.date,
        end: dt.date,
        page: int = 1,
        page_size: int = 1000,
        deadline: float | None = None,
    ) -> DailyActivityPage:
        """Sums of the UTC days from `start` to `end`, both included, over all users:

        see DailyActivityPage on adding up.
        """
        query = {
            "start_date": start.isoformat(),
            "end_date": end.isoformat(),
            "page": page,
            "page_size": page_size,
        }
        answer = record(self._get("/user/daily/activity", deadline=deadline, **query), "/user/daily/activity")
        totals = record(answer.get("metadata"), "/user/daily/activity metadata")
        return DailyActivityPage(
            results=objects(answer.get("results"), "/user/daily/activity results"),
            totals=totals,
            page=count(totals.get("page", page), "/user/daily/activity page"),
            total_pages=count(totals.get("total_pages", 1), "/user/daily/activity total_pages"),
        )


def _seconds(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _up(moment: dt.datetime) -> dt.datetime:
    """The next whole second, or the moment itself when it is one."""
    whole = moment.replace(microsecond=0)
    return whole if whole == moment else whole + dt.timedelta(seconds=1)
