"""Search and counts that stay quick however long a table gets."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, QuerySet
from django.utils.text import smart_split, unescape_string_literal

# Shorter than this, a trigram index finds only what begins with the word.
_TRIGRAM = 3
_ESTIMATE = """
SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class
WHERE oid = %s::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass)
"""


class BriefPaginator(Paginator):  # type: ignore[type-arg]
    """Counts to ten thousand and no further, as an exact count of a long table costs a pass over it on every page.

    There are pages for as many rows; whoever looks for others filters. `in_all` is what the planner believes.
    """

    LONGEST = 10_000

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[: self.LONGEST].count()

    @cached_property
    def is_brief(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count >= self.LONGEST

    @cached_property
    def in_all(self) -> int | None:
        """About how many rows the table has, where nothing narrows them; None where that says nothing."""
        rows = self.object_list
        if not self.is_brief or not isinstance(rows, QuerySet) or rows.query.where:
            return None
        table = connection.ops.quote_name(rows.model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(_ESTIMATE, [table, table])
            estimated = int(cursor.fetchone()[0])
        return estimated if estimated > self.count else None


def words_of(term: str) -> Iterator[str]:
    """The words of a search; what stands in quotation marks is one."""
    for word in smart_split(term):
        if word.startswith(('"', "'")) and word[0] == word[-1]:
            word = unescape_string_literal(word)
        if word:
            yield word


def holding(
    model: type[Model], fields: Sequence[str], word: str, *, within: Mapping[str, Any] | None = None
) -> QuerySet[Any]:
    """The primary keys of the rows of which one of the fields holds the word: `name` anywhere, `name__exact` as a whole.

    Each field asks its own index: with an OR across tables PostgreSQL would read all of the first. `within` is asked
    along with what is exact, where the index leads with another column.
    """
    conditions = (_condition(model, field, word, within or {}) for field in fields)
    found = [
        model._default_manager.order_by().filter(**condition).values("pk")
        for condition in conditions
        if condition
    ]
    if not found:
        return model._default_manager.none().values("pk")
    return found[0].union(*found[1:]) if len(found) > 1 else found[0]


def _condition(model: type[Model], name: str, word: str, within: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where the field can't have such a value: a number, an id."""
    head, _, rest = name.partition("__")
    field = model._meta.get_field(head)
    if rest == "exact":
        try:
            return {**within, head: field.to_python(word)}  # type: ignore[union-attr]
        except ValidationError:
            return None
    if rest:
        related: Any = field.related_model
        there = _condition(related, rest, word, {})
        return there and {f"{head}__in": related._base_manager.filter(**there).values("pk")}
    return {f"{head}__{'icontains' if len(word) >= _TRIGRAM else 'istartswith'}": word}
