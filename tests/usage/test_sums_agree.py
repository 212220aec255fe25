"""Sums agree whichever way they are split, in any time zone, and what a filter takes away stays away.

Hypothesis makes the calls and the questions; the truth is added up in Python from the calls themselves.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import TeamFactory, UserFactory
from tests.usage.conftest import log_row
from usage.cubes import covers
from usage.cubes.answers import Order, groups_of, page_of_groups, ranking, total
from usage.cubes.distinct import count_by, count_known
from usage.cubes.plans import Plan
from usage.cubes.spans import UNITS, spans_of
from usage.cubes.visitors import users_by, users_by_day, users_of
from usage.cubes.zone import forget_zone
from usage.figures import Figures
from usage.ledger import write_rows
from usage.models import NOBODY
from usage.periods import Period
from usage.questions import Filters, Question
from usage.scopes import Scope

pytestmark = pytest.mark.django_db

# Zones whose clocks do odd things: half hours, quarters, half-hour steps, midnights that don't exist.
ODD = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/St_Johns",
    "Asia/Beirut",
]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Around the changes of the clock in both directions, the ends of months and a year.
FIRST, LAST = datetime(2025, 10, 20, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC)
QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

calls = st.lists(
    st.fixed_dictionaries(
        {
            "minute": st.integers(0, int((LAST - FIRST).total_seconds() // 60)),
            "key": st.sampled_from(["hash-1", "hash-2", "hash-3", "hash-of-nobody"]),
            "model": st.sampled_from(["a", "b", "c"]),
            "status": st.sampled_from(["success", "failure"]),
            "cost": st.decimals(0, 10, places=18),
            "tokens": st.integers(0, 10_000),
        }
    ),
    min_size=1,
    max_size=40,
)
zones = st.sampled_from(ODD) | st.sampled_from(sorted(available_timezones()))
days = st.dates(date(2025, 10, 18), date(2026, 11, 20))


@pytest.fixture
def book(make_key):
    """Writes calls into an emptied ledger; gives them back with who made them."""
    team = TeamFactory()
    ada, bob = UserFactory(), UserFactory()
    owner = {"hash-1": ada.pk, "hash-2": bob.pk, "hash-3": bob.pk, "hash-of-nobody": NOBODY}
    for token_hash, person, group in (("hash-1", ada, None), ("hash-2", bob, None), ("hash-3", bob, team)):
        make_key(token_hash, owner=person, team=group)

    def run(made):
        rows = [
            log_row(
                n,
                at=FIRST + timedelta(minutes=call["minute"]),
                api_key=call["key"],
                model_group=call["model"],
                custom_llm_provider={"a": "x", "b": "x", "c": "y"}[call["model"]],
                status=call["status"],
                spend=call["cost"],
                prompt_tokens=call["tokens"],
                total_tokens=call["tokens"] + 20,
            )
            for n, call in enumerate(made)
        ]
        write_rows(rows, now=NOW)
        return [
            call
            | {
                "at": FIRST + timedelta(minutes=call["minute"], milliseconds=n),
                "user": owner[call["key"]],
                "team": team.pk if call["key"] == "hash-3" else NOBODY,
            }
            for n, call in enumerate(made)
        ]

    run.people = (ada, bob)
    run.team = team
    return run


def with_fresh_ledger(check):
    """Every example of hypothesis begins with the ledger as the fixture left it."""
    with transaction.atomic():
        forget_zone()
        check()
        transaction.set_rollback(True)
    forget_zone()


def within(made, period):
    return [call for call in made if period.start <= call["at"] < period.end]


def truth(made):
    return (len(made), sum(c["tokens"] + 20 for c in made), sum((c["cost"] for c in made), Decimal(0)))


def told(figures: Figures):
    return (figures.requests, figures.total_tokens, figures.cost)


def plus(groups):
    whole = Figures()
    for group in groups:
        whole += group.figures
    return whole


@given(made=calls, ends=st.tuples(days, days), zone=zones, ours=st.sampled_from(ODD))
@QUICK
def test_whatever_the_zone_the_parts_make_the_whole(book, settings, made, ends, zone, ours):
    settings.REPORTING_TIME_ZONE = ours
    period = Period(min(ends), max(ends), ZoneInfo(zone))
    question = Question(Scope(), period)

    def check():
        inside = within(book(made), period)
        whole = total(question, now=NOW)
        assert told(whole) == truth(inside)
        for unit in UNITS:
            groups = groups_of(question, (), now=NOW, every=unit)
            assert told(plus(groups)) == told(whole), unit
            spans = spans_of(period, unit)
            assert spans[0].start == period.start
            assert spans[-1].end == period.end
            assert all(one.end == two.start for one, two in pairwise(spans))
            for group in groups:
                part = [c for c in inside if group.span.start <= c["at"] < group.span.end]
                assert told(group.figures) == truth(part), (unit, group.span)
        for dimension in ("user", "team", "apiKey", "model", "provider", "status", "errorClass"):
            groups = groups_of(question, (dimension,), now=NOW)
            assert told(plus(groups)) == told(whole), dimension
            page = page_of_groups(question, dimension, now=NOW, order=Order("cost"), limit=2)
            assert page.total == len(groups)
        assert count_known(question, "user", now=NOW) == len({c["user"] for c in inside} - {NOBODY})

    with_fresh_ledger(check)


@given(made=calls, ends=st.tuples(days, days), zone=zones)
@QUICK
def test_groups_are_those_of_the_calls_for_everybody_a_person_and_a_team(book, made, ends, zone):
    period = Period(min(ends), max(ends), ZoneInfo(zone))

    def check():
        inside = within(book(made), period)
        ada, bob = book.people
        for scope, seen in (
            (Scope(), inside),
            (Scope.of(ada), [c for c in inside if c["user"] == ada.pk]),
            (Scope(team_id=book.team.pk), [c for c in inside if c["team"] == book.team.pk]),
            (Scope(bob.pk, book.team.pk), [c for c in inside if c["team"] == book.team.pk]),
        ):
            found = groups_of(Question(scope, period), ("user", "model"), now=NOW)
            parts = defaultdict(list)
            for call in seen:
                parts[call["user"], call["model"]].append(call)
            assert {g.labels: told(g.figures) for g in found} == {k: truth(v) for k, v in parts.items()}
            users = count_by(Question(scope, period), ("model",), "user", now=NOW)
            for model in {c["model"] for c in seen}:
                people = {c["user"] for c in seen if c["model"] == model} - {NOBODY}
                assert users.get((model,), 0) == len(people)

    with_fresh_ledger(check)


@given(
    made=calls,
    ends=st.tuples(days, days),
    models=st.sets(st.sampled_from("abc"), min_size=1),
    statuses=st.sets(st.sampled_from(["success", "failure"])),
    own=st.booleans(),
)
@QUICK
def test_a_filter_never_adds_and_adding_filters_never_gives_more(book, made, ends, models, statuses, own):
    period = Period(min(ends), max(ends))

    def check():
        inside = within(book(made), period)
        ada, _bob = book.people
        users = (ada.pk,) if own else ()
        wide = Question(Scope(), period, Filters(user=users))
        narrow = Question(Scope(), period, Filters(user=users, model=sorted(models), status=sorted(statuses)))
        kept = [
            c
            for c in inside
            if (not own or c["user"] == ada.pk)
            and c["model"] in models
            and (not statuses or c["status"] in statuses)
        ]
        assert told(total(narrow, now=NOW)) == truth(kept)
        assert (
            told(total(narrow, now=NOW))
            <= told(total(wide, now=NOW))
            <= told(total(Question(Scope(), period), now=NOW))
        )

    with_fresh_ledger(check)


@given(first=days, length=st.integers(0, 400), this_day=days)
@settings(max_examples=300, deadline=None)
def test_months_less_the_days_that_are_too_many_are_the_days(first, length, this_day):
    end = first + timedelta(days=length + 1)
    pieces = covers._days(first, end, covers.ALL_GRAINS, max(this_day, end - timedelta(days=1)))
    counts: dict[date, int] = defaultdict(int)
    for piece in pieces:
        day = piece.start
        assert piece.grain == "day" or (piece.start.day == piece.end.day == 1)
        while day < piece.end:
            counts[day] += piece.sign
            day += timedelta(days=1)
    assert {day for day, count in counts.items() if count} == set(Period(first, end - timedelta(days=1)))
    assert set(counts.values()) <= {0, 1}


def test_a_scope_of_nobody_is_refused():
    with pytest.raises(ValueError, match="nobody"):
        Scope.of(type("Nobody", (), {"pk": None}))
    assert Scope.of(type("One", (), {"pk": UUID(int=7)})).user_id == UUID(int=7)


@given(made=calls, ends=st.tuples(days, days), zone=st.sampled_from(["UTC", "Asia/Kathmandu"]))
@QUICK
def test_people_are_counted_once_per_model_provider_and_day(book, made, ends, zone):
    period = Period(min(ends), max(ends), ZoneInfo(zone))

    def check():
        inside = [c for c in within(book(made), period) if c["user"] != NOBODY]
        question = Question(Scope(), period, Filters(model=["a", "b", "c"]))
        for model, users in users_by(question, "model", now=NOW).items():
            assert users == len({c["user"] for c in inside if c["model"] == model})
        found = users_by(Question(Scope(), period), "provider", now=NOW)
        for provider, models in (("x", "ab"), ("y", "c")):
            assert found.get(provider, 0) == len({c["user"] for c in inside if c["model"] in models})
        teams = users_by(Question(Scope(), period), "team", now=NOW)
        for team in {c["team"] for c in inside}:
            there = {c["user"] for c in inside if c["team"] == team}
            assert teams[str(team)] == len(there)
            assert users_of(Question(Scope(team_id=team), period), now=NOW) == len(there)
        assert users_of(Question(Scope(), period), now=NOW) == len({c["user"] for c in inside})
        assert users_of(question, now=NOW) == len({c["user"] for c in inside if c["model"] in "abc"})
        by_day = users_by_day(Question(Scope(), period), list(period), now=NOW)
        for day in period:
            there = [c for c in inside if c["at"].astimezone(period.zone).date() == day]
            assert by_day.get(day, 0) == len({c["user"] for c in there})

    with_fresh_ledger(check)


@given(made=calls, ends=st.tuples(days, days), by=st.sampled_from(["user", "apiKey"]))
@QUICK
def test_a_ranking_is_the_order_of_the_figures(book, made, ends, by):
    period = Period(min(ends), max(ends))

    def check():
        book(made)
        question = Question(Scope(), period)
        groups = {g.labels[0]: g.figures for g in groups_of(question, (by,), now=NOW)}
        found = ranking(question, by, now=NOW, order=Order("cost"), limit=2)
        assert found.total == len(groups)
        assert all(groups[label].cost == value for label, value in found.values.items())
        ranked = sorted((figures.cost for figures in groups.values()), reverse=True)
        assert [*found.values.values()] == ranked[:2]

    with_fresh_ledger(check)


@pytest.mark.django_db
@pytest.mark.parametrize(("by", "table"), [("user", "usage_user"), ("apiKey", "usage_key")])
def test_the_many_rows_of_people_and_keys_are_read_page_after_page(by, table):
    plan = Plan(Question(Scope(), Period(date(2025, 11, 5), date(2026, 11, 10))), [by], None, NOW)
    with connection.cursor() as cursor:
        # A small table would be read whole.
        cursor.execute("SET LOCAL enable_seqscan = off")
        statement = plan.ranked("cost", descending=True)
        cursor.execute(f"EXPLAIN {statement}", [*plan.values, 10, 0])
        found = "\n".join(row[0] for row in cursor.fetchall())
    assert f"{table}_month_by_time" in found
    assert f"{table}_day_by_time" in found
    assert f"{table}_months_pkey" not in found
    assert f"{table}_days_pkey" not in found
