"""Filters of a list that somebody keeps under a name. Only their owner ever sees what they ask for, so
nothing of it is audited."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from litemaas import errors

if TYPE_CHECKING:
    from accounts.models import Actor, User

MOST = 50
LONGEST_NAME, LONGEST_QUERY = 80, 2000


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def visible_to(self, actor: "Actor") -> "SavedFilterQuerySet":
        return self.filter(owner_id=actor.pk)


class SavedFilter(models.Model):
    """`query` is what stands behind the question mark of the list's address."""

    class List(models.TextChoices):
        AUDIT = "audit", "Record of acts"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    list = models.CharField(max_length=20, choices=List.choices)
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.CharField(max_length=LONGEST_QUERY, blank=True)
    created_at = models.DateTimeField()

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        db_table = "saved_filters"
        constraints = [
            models.UniqueConstraint(fields=["owner", "list", "name"], name="saved_filter_name_is_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_filter_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


@transaction.atomic
def save_filter(*, actor: "User", of: str, name: str, query: str, now: datetime) -> SavedFilter:
    """Keep it under this name; one that is there by this name is replaced. Raises InvalidInput."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise errors.InvalidInput(
            fields={"name": _("Give a name of at most %(most)s characters.") % {"most": LONGEST_NAME}}
        )
    if len(query) > LONGEST_QUERY:
        raise errors.InvalidInput(fields={"name": _("These filters are too long to be kept.")})
    # The owner's row makes saves of one person follow each other, so the count below holds.
    get_user_model().objects.select_for_update(no_key=True).get(pk=actor.pk)
    own = SavedFilter.objects.filter(owner=actor, list=of)
    if own.exclude(name=name).count() >= MOST:
        raise errors.InvalidInput(
            fields={"name": _("You have saved %(most)s of them. Delete one first.") % {"most": MOST}}
        )
    row, _made = SavedFilter.objects.update_or_create(
        owner=actor,
        list=of,
        name=name,
        defaults={"query": query},
        create_defaults={"query": query, "created_at": now},
    )
    return row


def delete_filter(*, actor: "User", filter_id: int) -> None:
    """Deleting one that is gone changes nothing."""
    SavedFilter.objects.visible_to(actor).filter(pk=filter_id).delete()
