"""The editor of a banner."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from litemaas.web.forms import WholeNumber
from litemaas.web.language_tabs import LanguageTab
from portal.banners import LONGEST_TEXT
from portal.models import Banner
from portal.web.people.words import ROLES
from portal.web.settings.forms import SettingsForm

VARIANTS = [
    ("info", gettext_lazy("Info")),
    ("success", gettext_lazy("Success")),
    ("warning", gettext_lazy("Warning")),
    ("danger", gettext_lazy("Danger")),
    ("default", gettext_lazy("Notice")),
]
_LONGEST_LINK_TEXT = 100
_WHEN = "%Y-%m-%dT%H:%M"
# Field of the form → what the use case calls it.
_SAME = ("name", "is_active", "priority", "variant", "is_dismissible", "dismiss_hours", "is_markdown")
# What the use cases call a field on the wire, where the form does not.
FIELDS = {"content": "content_en", "startDate": "starts_at", "endDate": "ends_at", "targetUserIds": "people"}


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput({"type": "datetime-local"}, format=_WHEN)
    return forms.DateTimeField(
        label=label, required=False, widget=widget, input_formats=[_WHEN, f"{_WHEN}:%S"]
    )


class BannerForm(SettingsForm):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        error_messages={"required": gettext_lazy("Give the banner a name.")},
        help_text=gettext_lazy("Only administrators see it."),
    )
    variant = forms.ChoiceField(label=gettext_lazy("Style"), choices=VARIANTS)
    is_markdown = forms.BooleanField(
        label=gettext_lazy("The text is Markdown"),
        required=False,
        help_text=gettext_lazy("Bold, italics, lists and links. HTML is shown as text."),
    )
    link_url = forms.CharField(
        label=gettext_lazy("Link"),
        required=False,
        max_length=500,
        widget=forms.URLInput({"placeholder": "https://"}),
        help_text=gettext_lazy("Opens in a new tab."),
    )
    is_dismissible = forms.BooleanField(label=gettext_lazy("Readers may close it"), required=False)
    dismiss_hours = WholeNumber(
        label=gettext_lazy("Comes back after so many hours"),
        required=False,
        min_value=1,
        max_value=100_000,
        help_text=gettext_lazy("Empty: whoever closed it does not see it again, until it is changed."),
    )
    priority = WholeNumber(
        label=gettext_lazy("Priority"),
        min_value=0,
        max_value=2**31 - 1,
        help_text=gettext_lazy("Of several that are visible, the one with the highest is shown."),
    )
    starts_at = _moment(gettext_lazy("Shown from"))
    ends_at = _moment(gettext_lazy("Shown until"))
    target_roles = forms.MultipleChoiceField(
        label=gettext_lazy("Only for roles"),
        required=False,
        choices=list(ROLES.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    people = forms.CharField(
        label=gettext_lazy("Only for users"),
        required=False,
        max_length=100_000,
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "User names, one on each line. Roles and users together: whoever is one of either."
        ),
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("Visible"), required=False, help_text=gettext_lazy("Hides the other banners.")
    )

    def __init__(self, data: Any, banner: Banner | None, **options: Any) -> None:
        self.banner = banner
        for code, title in settings.LANGUAGES:
            self.base_fields[f"content_{code}"] = _text_field(code, str(title))
            self.base_fields[f"link_text_{code}"] = forms.CharField(
                label=gettext_lazy("Text of the link"), required=False, max_length=_LONGEST_LINK_TEXT
            )
        super().__init__(data, present_of(banner), **options)
        zone = timezone.get_current_timezone_name()
        for name in ("starts_at", "ends_at"):
            self.fields[name].help_text = _("In the time zone %(zone)s.") % {"zone": zone}

    def tabs(self) -> list[LanguageTab]:
        english = self["content_en"].id_for_label
        return [
            LanguageTab(
                slug=code,
                title=str(title),
                fields=[self[f"content_{code}"], self[f"link_text_{code}"]],
                copy_from="" if code == "en" or self.fields["name"].disabled else english,
                copy_into=self[f"content_{code}"].id_for_label,
            )
            for code, title in settings.LANGUAGES
        ]

    def clean_people(self) -> str:
        names = [line.strip() for line in self.cleaned_data["people"].splitlines() if line.strip()]
        known = dict(User.objects.filter(username__in=names).values_list("username", "pk"))
        missing = [name for name in names if name not in known]
        if missing:
            raise forms.ValidationError(_("There is no user “%(name)s”.") % {"name": ", ".join(missing[:5])})
        self.target_user_ids = [known[name] for name in dict.fromkeys(names)]
        return "\n".join(dict.fromkeys(names))

    def values(self) -> dict[str, Any]:
        """As the use case wants them. Languages that the form does not know keep their texts."""
        found = self.cleaned_data
        return {
            **{name: found[name] for name in _SAME},
            "content": self._texts("content"),
            "link_url": found["link_url"],
            "link_text": self._texts("link_text"),
            "starts_at": found["starts_at"],
            "ends_at": found["ends_at"],
            "target_roles": found["target_roles"],
            "target_user_ids": self.target_user_ids,
        }

    def _texts(self, field: str) -> dict[str, str]:
        kept = dict(getattr(self.banner, field)) if self.banner else {}
        return kept | {code: self.cleaned_data[f"{field}_{code}"] for code, _title in settings.LANGUAGES}

    def sketch(self) -> Banner:
        """What the fields say now, right or wrong, for the preview."""
        found = self.data if self.is_bound else {**self.initial}
        texts = {code: str(found.get(f"content_{code}") or "") for code, _title in settings.LANGUAGES}
        variant = str(found.get("variant") or "info")
        link = str(found.get("link_url") or "")
        return Banner(
            name="",
            variant=variant if variant in dict(VARIANTS) else "info",
            content={code: text for code, text in texts.items() if text}
            or {"en": _("The text of the banner")},
            link_url=link if link.startswith(("https://", "http://")) else "",
            link_text={
                code: str(found.get(f"link_text_{code}") or "") for code, _title in settings.LANGUAGES
            },
            is_dismissible=bool(found.get("is_dismissible")),
            is_markdown=bool(found.get("is_markdown")),
        )


def _text_field(code: str, title: str) -> forms.CharField:
    area = forms.Textarea({"rows": 3, "maxlength": LONGEST_TEXT, "data-count": True, "lang": code})
    needed = {"required": gettext_lazy("The English text is required.")}
    return forms.CharField(
        label=gettext_lazy("Text"),
        required=code == "en",
        max_length=LONGEST_TEXT,
        widget=area,
        error_messages=needed,
    )


def present_of(banner: Banner | None) -> dict[str, Any]:
    """The fields of this banner, or of a new one."""
    row = banner or Banner(content={}, link_text={})
    ids = row.target_user_ids
    names = (
        User.objects.filter(pk__in=ids).order_by("username").values_list("username", flat=True) if ids else []
    )
    return {
        **{name: getattr(row, name) for name in _SAME},
        "link_url": row.link_url,
        "target_roles": row.target_roles,
        "people": "\n".join(names),
        "starts_at": _minute(row.starts_at),
        "ends_at": _minute(row.ends_at),
        **{f"content_{code}": row.content.get(code, "") for code, _title in settings.LANGUAGES},
        **{f"link_text_{code}": row.link_text.get(code, "") for code, _title in settings.LANGUAGES},
    }


def _minute(at: datetime | None) -> datetime | None:
    """The widget knows no seconds."""
    return at.replace(second=0, microsecond=0) if at else None
