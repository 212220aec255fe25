"""Tables whose columns the reader chooses, and their lists as files."""

import csv
import io
from decimal import Decimal

import pytest
from django.test import RequestFactory
from django.urls import reverse

from accounts.models import User
from litemaas.web.tables import Column, Table
from tests.factories import UserFactory
from tests.web.conftest import words

PEOPLE: Table[User] = Table(
    "people",
    [
        Column("name", "Name", lambda user: user.username, order="username", is_fixed=True),
        Column("email", "E-mail", lambda user: user.email),
        Column("budget", "Budget", lambda user: user.max_budget, order="max_budget", numeric=True),
        Column("origin", "Origin", lambda user: user.full_name, is_extra=True),
        Column("actions", "Look"),
    ],
    sort="name",
)


def shown(path="/people", **cookies):
    request = RequestFactory().get(path)
    request.COOKIES.update({name.replace("_", "-"): value for name, value in cookies.items()})
    return PEOPLE.shown_to(request)


def names(table):
    return [column.name for column in table.columns]


def lines(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_extra_columns_show_only_when_chosen():
    assert names(shown()) == ["name", "email", "budget", "actions"]
    assert names(shown("/people?columns=origin.email")) == ["name", "email", "origin"]


def test_the_address_goes_before_what_the_browser_remembers():
    assert names(shown(columns_people="budget")) == ["name", "budget"]
    assert names(shown("/people?columns=email", columns_people="budget")) == ["name", "email"]


def test_unknown_columns_and_orders_are_ignored():
    table = shown("/people?columns=email.password&sort=email")
    assert names(table) == ["name", "email"]
    assert table.sort == "name"


def test_nothing_chosen_leaves_what_names_the_row():
    assert names(shown("/people?columns=")) == ["name"]


@pytest.mark.django_db
def test_the_list_is_sorted_with_missing_values_last_both_ways():
    for username, budget in (("b", 1), ("a", None), ("c", 2)):
        UserFactory.create(username=username, max_budget=budget)
    people = User.objects.filter(username__in=["a", "b", "c"])

    def order(path):
        return [user.username for user in shown(path).sorted(people)]

    assert order("/people") == ["a", "b", "c"]
    assert order("/people?sort=-name") == ["c", "b", "a"]
    assert order("/people?sort=budget") == ["b", "c", "a"]
    assert order("/people?sort=-budget") == ["c", "b", "a"]


@pytest.mark.django_db
def test_the_file_has_the_columns_that_are_shown_and_runs_nothing_in_a_spreadsheet():
    UserFactory.create(username="é-1", email="e@example.org", full_name="=1+1", max_budget=Decimal("12.500"))
    table = shown("/people?columns=origin.budget.actions&format=csv")
    assert table.wants_file
    answer = table.file(User.objects.filter(username="é-1"))
    assert lines(answer) == [["Name", "Budget", "Origin"], ["é-1", "12.5", "'=1+1"]]
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="people-')


@pytest.mark.django_db
def test_a_lot_of_rows_becomes_what_the_page_shows_of_them():
    UserFactory.create(username="x")
    lots = []

    def told(lot):
        lots.append(len(lot))
        return lot

    assert len(lines(shown().file(User.objects.filter(username="x"), of=told))) == 2
    assert lots == [1]


def test_headings_cells_and_the_link_to_the_file_follow_the_choice(draw):
    path = "/people?columns=email&search=x&page=3"
    html = draw(
        "{% shown_columns t %}{% cell_of t 'name' heading=True %}alice{% endcell_of %}"
        "{% cell_of t 'budget' %}12{% endcell_of %}{% cell_of t 'email' %}a@b{% endcell_of %}",
        path=path,
        t=shown(path),
    )
    assert words(html) == "Name E-mail alice a@b"
    assert 'aria-sort="ascending"' in html, "the order that the list has by itself"
    assert 'data-label="E-mail"' in html


def remember(client, **values):
    return client.post(
        reverse("set_columns"), {"table": "people", "next": "/people?search=x&page=2", **values}
    )


def test_a_choice_is_remembered_for_its_page_and_stands_in_the_address(client):
    answer = remember(client, columns=["email", "budget"])
    assert answer["Location"] == "/people?search=x&page=2&columns=email.budget"
    cookie = answer.cookies["columns-people"]
    assert (cookie.value, cookie["path"], cookie["httponly"]) == ("email.budget", "/people", True)


def test_the_usual_columns_come_back(client):
    answer = remember(client, usual="1", columns=["email"], next="/people?columns=email&search=x")
    assert answer["Location"] == "/people?search=x"
    assert not answer.cookies["columns-people"].value


@pytest.mark.parametrize("values", [{"table": "Pe;ople"}, {"columns": "a b"}, {"table": ""}])
def test_what_names_no_table_or_column_is_refused(client, values):
    assert remember(client, **values).status_code == 400


def test_no_other_host_is_gone_to(client):
    assert remember(client, columns="email", next="https://evil.example/x")["Location"].startswith("/home")
