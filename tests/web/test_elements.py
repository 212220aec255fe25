"""What the elements promise to pages: escaping, names, the ties between a field and its words."""

import pytest
from django import forms
from django.core.paginator import Paginator

from tests.web.conftest import words


class KeyForm(forms.Form):
    name = forms.CharField(label="Name", help_text="So that you recognise it.")
    budget = forms.DecimalField(label="Budget", required=False, min_value=0)
    models = forms.MultipleChoiceField(
        label="Models", widget=forms.CheckboxSelectMultiple, choices=[("a/b", "a/b"), ("c", "c")]
    )


class ListFilter(forms.Form):
    q = forms.CharField(label="Search", required=False, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(label="State", required=False, choices=[("", ""), ("active", "Active")])
    sort = forms.ChoiceField(label="Sort", choices=[("name", "By name")])


def test_what_a_reader_typed_is_escaped_everywhere(draw):
    evil = "<script>alert(1)</script>"
    html = draw(
        "{% button label=x title=x %}{{ x }}{% endbutton %}{% label x %}{% alert x %}{{ x }}{% endalert %}"
        "{% fact x %}{{ x }}{% endfact %}{% crumb x %}{% secret x label=x %}{% copyable x id='i' %}"
        "{% row_menu name=x %}{% menu_item href=x %}{{ x }}{% endmenu_item %}{% endrow_menu %}{% snippet x x %}",
        x=evil,
    )
    assert "<script>" not in html


def test_a_block_tag_does_not_escape_twice(draw):
    assert "R&amp;D" in draw("{% button %}{{ name }}{% endbutton %}", name="R&D")
    assert "&amp;amp;" not in draw("{% card_head title='x' %}{{ name }}{% endcard_head %}", name="R&D")


def test_a_button_with_an_address_is_a_link(draw):
    html = draw('{% button href="/x" tone="secondary" %}Go{% endbutton %}')
    assert html.startswith("<a href=")
    assert "<button" not in html


def test_an_unusable_button_says_why_and_leads_nowhere(draw):
    html = draw('{% button href="/x" disabled_reason="Subscribe first." %}Create key{% endbutton %}')
    assert 'aria-disabled="true"' in html
    assert "href" not in html
    assert 'type="button"' in html
    assert words(html) == "Create key – Subscribe first."


def test_a_post_button_carries_the_token(draw):
    html = draw('{% post_button action="/sync" %}Sync{% endpost_button %}', csrf_token="token")
    assert '<form method="post" action="/sync"' in html
    assert 'value="token"' in html


def test_an_unknown_state_is_shown_as_it_is(draw):
    assert words(draw('{% subscription_status "cancelled" %}')) == "cancelled"


@pytest.mark.parametrize(
    ("tag", "word"),
    [
        ('{% subscription_status "pending" %}', "Pending"),
        ('{% key_status "provisioning" %}', "Being set up"),
        ("{% user_status False %}", "Inactive"),
        ('{% capability "convert" %}', "Document conversion"),
    ],
)
def test_a_state_has_icon_and_word(draw, tag, word):
    html = draw(tag)
    assert words(html) == word
    assert "<use href=" in html


def test_an_error_is_tied_to_its_field(draw):
    form = KeyForm({"name": "", "models": ["c"]})
    html = draw("{% field form.name %}", form=form)
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert '<label class="pf-v6-c-form__label" for="id_name">' in html


def test_several_errors_are_summed_up_with_links(draw):
    html = draw("{% error_summary form %}", form=KeyForm({"name": "", "budget": "-1"}))
    assert 'href="#id_name"' in html
    assert 'href="#id_budget"' in html
    assert 'href="#id_models' in html


def test_one_error_stands_at_its_field_only(draw):
    assert not words(draw("{% error_summary form %}", form=KeyForm({"name": "", "models": ["c"]})))


def test_a_check_list_keeps_what_was_chosen(draw):
    html = draw("{% field form.models %}", form=KeyForm({"name": "x", "models": ["a/b"]}))
    assert 'value="a/b" checked' in html
    assert 'value="c" checked' not in html
    assert "<fieldset" in html
    assert "<legend" in html


def test_values_are_kept_after_a_failure(draw):
    assert 'value="-1"' in draw("{% fields form %}", form=KeyForm({"budget": "-1"}))


def test_a_filter_in_use_is_a_chip_that_can_be_removed(draw):
    form = ListFilter({"q": "gpt", "state": "active", "sort": "name"})
    html = draw("{% chips form %}", path="/list?q=gpt&state=active&sort=name&page=3", form=form)
    assert "State: Active" in html
    assert 'href="/list?q=gpt&amp;sort=name"' in html
    assert "Sort:" not in html, "a sort order is no filter"


def test_clearing_the_filters_keeps_the_order(draw):
    html = draw(
        "{% chips form %}", path="/list?q=gpt&sort=name&page=3", form=ListFilter({"q": "gpt", "sort": "name"})
    )
    assert 'href="/list?sort=name"' in html


def test_a_column_sorts_up_then_down_and_starts_at_the_first_page(draw):
    tag = '{% column "Name" sort="name" %}'
    unsorted = draw(tag, path="/list?q=x&page=4")
    assert 'aria-sort="none"' in unsorted
    assert 'href="/list?q=x&amp;sort=name"' in unsorted
    assert 'href="/list?q=x&amp;sort=-name"' in draw(tag, path="/list?q=x&sort=name")
    assert 'aria-sort="descending"' in draw(tag, path="/list?q=x&sort=-name")


def test_results_hand_order_and_page_size_to_the_filter_form(draw):
    html = draw("{% results %}x{% endresults %}", path="/list?sort=-name&page_size=50&q=a")
    assert '<input type="hidden" form="filters" name="sort" value="-name">' in html
    assert '<input type="hidden" form="filters" name="page_size" value="50">' in html
    assert 'name="q"' not in html


def test_pages_keep_the_filter_and_know_their_ends(draw):
    page = Paginator(range(95), 10).get_page(2)
    html = draw("{% pagination page %}", path="/list?q=x&page=2", page=page)
    assert 'href="/list?q=x"' in html, "the first page needs no number"
    assert 'href="/list?q=x&amp;page=3"' in html
    assert 'href="/list?q=x&amp;page=10"' in html
    assert 'href="/list?q=x&amp;page_size=50"' in html
    assert "11–20 of 95" in words(html)
    first = draw("{% pagination page %}", path="/list", page=Paginator(range(95), 10).get_page(1))
    assert first.count(" disabled ") == 2


def test_an_empty_list_has_no_pages(draw):
    assert not words(draw("{% pagination page %}", page=Paginator([], 10).get_page(1)))


def test_a_table_names_its_rows_count_and_columns(draw):
    html = draw(
        '{% table caption="Your keys" count=1 %}{% rows %}{% row %}{% cell "Name" heading=True %}a{% endcell %}'
        '{% cell "Spend" numeric=True %}1{% endcell %}{% endrow %}{% endrows %}{% endtable %}'
    )
    assert "Your keys, 1 row</caption>" in html
    assert 'data-label="Spend"' in html
    assert '<th role="rowheader" scope="row"' in html


def test_a_secret_is_text_and_never_an_address_or_a_value(draw):
    html = draw('{% secret "sk-abc" label="Your new key" %}')
    assert html.count("sk-abc") == 1


def test_a_snippet_never_holds_a_key_and_names_the_model(draw):
    html = draw('{% snippet "lab/model" "https://gateway.example" %}')
    assert "LITELLM" not in html
    assert html.count("LITEMAAS_API_KEY") == 3
    assert "https://gateway.example/v1/chat/completions" in html


def test_boxes_of_a_filter_are_escaped_and_checked(draw):
    class Picky(forms.Form):
        names = forms.MultipleChoiceField(
            label="Names", widget=forms.CheckboxSelectMultiple, choices=[("<a>", "<A> %s"), ("b", "B")]
        )

    html = draw("{% filters form %}{% endfilters %}", form=Picky({"names": ["b"]}))
    assert (
        'value="&lt;a&gt;"><label class="pf-v6-c-check__label" for="id_names_0">&lt;A&gt; %s</label>' in html
    )
    assert 'id="id_names_1" name="names" value="b" checked>' in html
