"""Bars, changes, charts and snippets: the rules behind the drawings."""

import json
from decimal import Decimal

import pytest

from litemaas.web import meters
from litemaas.web.charts import Chart, Series
from litemaas.web.limits import LimitLevel
from litemaas.web.snippets import snippets
from tests.web.conftest import words


@pytest.mark.parametrize(
    ("used", "limit", "level"),
    [
        (0, 100, "normal"),
        (79, 100, "normal"),
        (80, 100, "warning"),
        (Decimal("94.99"), 100, "warning"),
        (95, 100, "danger"),
        (100, 100, "danger"),
        (101, 100, "over"),
        (5, None, "unlimited"),
        (None, 100, "unknown"),
        (None, None, "unlimited"),
        (0, 0, "danger"),
    ],
)
def test_one_rule_for_every_bar(used, limit, level):
    assert meters.read(used, limit).level == level


def test_a_budget_says_in_words_what_its_colour_says(draw):
    html = draw("{% budget spend limit %}", spend=Decimal("120.40"), limit=Decimal(100))
    assert "over by $20.40" in words(html)
    assert 'aria-valuetext="$120.40 of $100.00, 120.4%"' in html
    assert 'aria-valuenow="100.00"' in html


def test_an_unknown_spend_is_not_a_zero(draw):
    html = draw("{% budget spend limit %}", spend=None, limit=Decimal(100))
    assert 'aria-valuetext="not known"' in html
    assert "aria-valuenow" not in html
    assert "N/A" in words(html)


def test_limits_mark_what_stops_first_and_say_what_is_left(draw):
    levels = [
        LimitLevel("You", spend=Decimal(20)),
        LimitLevel(
            "Team",
            "Physics",
            max_budget=Decimal(50),
            spend=Decimal(20),
            window="30d",
            rpm_limit=60,
            binds=frozenset({"budget", "rpm"}),
        ),
    ]
    html = words(draw("{% effective_limits levels %}", levels=levels))
    assert "You Budget $20.00 · Unlimited" in html
    assert "Team Physics This one stops you first" in html
    assert "(every 30 days)" in html
    assert "$20.00 / $50.00" in html
    assert "$30.00 N/A" in html, "a window whose end the gateway did not tell"
    assert "60 Stops first" in html
    assert "Requests at the same time" not in html, "a column that no level fills"


def test_without_a_limit_there_is_no_bar(draw):
    html = draw('{% quota "Requests" 5 nothing %}', nothing=None)
    assert "Unlimited" in words(html)
    assert "progressbar" not in html


CHANGES = [
    (110, 100, "up"),
    (90, 100, "down"),
    (101, 100, "same"),
    (5, 0, "new"),
    (0, 0, "same"),
    (None, 5, "unknown"),
    (5, None, "unknown"),
]


@pytest.mark.parametrize(("now", "before", "direction"), CHANGES)
def test_a_change_is_measured_against_the_period_before(now, before, direction):
    assert meters.compare(now, before).direction == direction


def test_a_rise_has_no_colour_unless_it_has_a_meaning(draw):
    assert "lm-tone" not in draw('{% metric "Cost" 20 before=10 %}')
    assert "lm-tone-danger" in draw('{% metric "Failures" 20 before=10 good="down" %}')


def line(values) -> Chart:
    return Chart(
        "c", "line", "Requests", "Day", [f"d{at}" for at in range(len(values))], [Series("Requests", values)]
    )


def test_a_small_mean_is_not_none():
    assert line([1, *[0] * 29]).summary.endswith("mean 0.033.")


def test_a_line_is_summed_up_by_its_ends_and_mean():
    assert line([4, 10, 1]).summary == "Highest 10 (d1), lowest 1 (d2), mean 5."


def test_a_missing_day_is_a_gap_and_counted(draw):
    chart = line([4, None, 1])
    assert chart.missing == 1
    assert chart.drawing["series"][0]["values"] == [4.0, None, 1.0]
    html = draw("{% chart_card chart %}{% endchart_card %}", chart=chart)
    assert "1 day missing." in html
    assert "N/A" in words(html)


def test_a_chart_without_data_says_so_and_draws_nothing(draw):
    html = draw("{% chart_card chart %}{% endchart_card %}", chart=line([None, None]))
    assert "No data in this period." in words(html)
    assert "data-chart=" not in html


def test_the_table_twin_has_the_exact_values():
    chart = Chart("c", "area", "Cost", "Day", ["d"], [Series("m", [Decimal("0.004213")])], unit="money")
    assert chart.table == [("d", ["$0.004213"])]


def test_a_donut_tells_each_share():
    chart = Chart("c", "donut", "Share", "Model", ["a", "b"], [Series("Requests", [3, 1])])
    assert chart.table == [("a", ["3", "75%"]), ("b", ["1", "25%"])]
    assert chart.summary == "Total 4; most: a with 3 (75%)."


def test_names_in_the_table_twin_are_only_ever_text(draw):
    chart = Chart("c", "bar", "x", "y", ["<b>%(name)s & 100 %"], [Series("s", [1234])])
    html = draw("{% chart_card chart %}{% endchart_card %}", chart=chart)
    assert (
        '<th class="pf-v6-c-table__th lm-row-heading" scope="row">&lt;b&gt;%(name)s &amp; 100 %</th>' in html
    )
    assert '<td class="pf-v6-c-table__td lm-numeric">1,234</td>' in html


def test_the_data_of_a_chart_cannot_end_its_script_block(draw):
    chart = Chart("c", "bar", "x", "y", ["</script><b>"], [Series("s", [1])])
    html = draw("{% chart_card chart %}{% endchart_card %}", chart=chart)
    block = html.split('type="application/json">')[1].split("</script>")[0]
    assert json.loads(block)["categories"] == ["</script><b>"]


@pytest.mark.parametrize("kind", ["chat", "embeddings", "convert", "tokenize"])
def test_every_snippet_names_address_and_key_variable(kind):
    for item in snippets(kind, "lab/model", "https://gateway.example"):
        assert "https://gateway.example" in item.code
        assert "LITEMAAS_API_KEY" in item.code
        assert "<" not in item.code


def test_a_models_name_cannot_break_out_of_the_code():
    curl, python, _ = snippets("chat", "a\"b'c", "https://gateway.example")
    assert '"model": "a\\"b\'\\\'\'c"' in curl.code
    assert 'model="a\\"b\'c"' in python.code
    compile(python.code, "snippet", "exec")


def test_the_python_snippets_are_python():
    for kind in ("chat", "embeddings", "convert", "tokenize"):
        compile(snippets(kind, "m", "https://gateway.example")[1].code, "snippet", "exec")
    compile(snippets("chat", "m", "https://g", streaming=True)[1].code, "snippet", "exec")
