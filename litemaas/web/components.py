"""The page of all elements in all their states, for review and screenshots. Its address exists in debug mode only."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html

from litemaas.web.charts import Chart, Series
from litemaas.web.conflicts import Difference
from litemaas.web.limits import LimitLevel
from litemaas.web.progress import JobLine
from litemaas.web.tables import Column, Table
from litemaas.web.templatetags.pf_labels import CAPABILITY_LOOKS, KEY_LOOKS, SUBSCRIPTION_LOOKS

MODELS = [
    "gpt-4o",
    "mistral-small",
    "llama-3.3-70b",
    "nomic/embed-text",
    "granite-vision",
    "phi-4",
    "qwen-coder",
]
DAYS = [f"2026-11-{day:02}" for day in range(1, 15)]


SAMPLE_TABLE: Table[dict[str, Any]] = Table(
    "sample-keys",
    [
        Column("name", "Name", lambda row: row["name"], order="name", is_fixed=True),
        Column("prefix", "Prefix", lambda row: row["prefix"]),
        Column("status", "Status", lambda row: row["status"], order="status"),
        Column("requests", "Requests", lambda row: row["requests"], order="requests", numeric=True),
        Column("spend", "Spend", lambda row: row["spend"], numeric=True),
        Column("note", "Note", lambda row: row["note"], is_extra=True),
    ],
    sort="name",
)


class SampleFilter(forms.Form):
    q = forms.CharField(
        label="Search models", required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    person = forms.CharField(
        label="Person",
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "data-suggest": "suggest_people"}),
    )
    provider = forms.ChoiceField(
        label="Provider", required=False, choices=[("", ""), ("openai", "OpenAI"), ("mistral", "Mistral")]
    )
    capability = forms.MultipleChoiceField(
        label="Capabilities",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, look.word) for name, look in CAPABILITY_LOOKS.items()],
    )
    restricted = forms.BooleanField(label="Restricted only", required=False)
    sort = forms.ChoiceField(
        label="Sort", choices=[("name", "By name"), ("price", "By price")], initial="name"
    )


class SampleForm(forms.Form):
    name = forms.CharField(label="Name", max_length=255, help_text="So that you recognise it later.")
    description = forms.CharField(
        label="Description", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    models = forms.MultipleChoiceField(
        label="Models",
        widget=forms.CheckboxSelectMultiple,
        choices=[(f"{name}-{turn}", f"{name}-{turn}") for turn in (1, 2) for name in MODELS],
        help_text="Only models that you are subscribed to.",
    )
    expires = forms.ChoiceField(
        label="Expires", choices=[("", "Never"), ("30", "In 30 days"), ("90", "In 90 days")]
    )
    until = forms.DateField(
        label="On the day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    budget = forms.DecimalField(
        label="Maximum budget", required=False, min_value=0, help_text="Empty is unlimited."
    )
    window = forms.ChoiceField(
        label="Window", widget=forms.RadioSelect, choices=[("d", "Daily"), ("m", "Monthly")], initial="m"
    )
    agreed = forms.BooleanField(
        label="I keep the key secret", help_text="Who has the key can spend your budget."
    )
    fixed = forms.CharField(label="Owner", disabled=True, initial="alice", required=False)


class SwitchForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label="Roles",
        widget=forms.CheckboxSelectMultiple,
        choices=[("admin", "Administrator"), ("user", "User"), ("readonly", "Read-only user")],
    )
    agreed = forms.BooleanField(label="Show API requests", required=False, help_text="There are many.")


def page(request: HttpRequest) -> HttpResponseBase:
    table = SAMPLE_TABLE.shown_to(request)
    if table.wants_file:
        return table.file(_rows())
    if "toasts" in request.GET:
        messages.success(request, "The key “build” was created.")
        messages.info(request, "The catalogue was read again.")
        messages.warning(request, "The budget is almost used up.")
        messages.error(request, "The gateway did not answer. Nothing was changed.")
    template = "components/dialog.html" if "dialog" in request.GET else "components/page.html"
    return render(request, template, {**_samples(request), "table": table})


def _samples(request: HttpRequest) -> dict[str, Any]:
    wrong = SampleForm({"name": "", "budget": "-1", "expires": "30", "window": "m", "until": "x"})
    wrong.is_valid()
    filled = SampleForm(initial={"name": "build", "models": ["gpt-4o-1"]}, auto_id="filled_%s")
    return {
        "nothing_there": None,
        "now": timezone.now(),
        "today": date(2026, 12, 1),
        "filter_form": SampleFilter(request.GET or {"sort": "name"}),
        "blank_form": filled,
        "wrong_form": wrong,
        "models": MODELS,
        "page": Paginator(range(1, 96), 10).get_page(request.GET.get("page", 3)),
        "rows": _rows(),
        "subscription_states": list(SUBSCRIPTION_LOOKS),
        "key_states": list(KEY_LOOKS),
        "capabilities": list(CAPABILITY_LOOKS),
        "tones": ["blue", "teal", "green", "orange", "purple", "red", "orangered", "yellow", "grey"],
        "charts": _charts(),
        "jobs": _jobs(),
        "banners_of_each_kind": _banners(),
        "languages": _languages(),
        "own_brand": {"login_title": "Models of the Lab", "login_subtitle": "Ask Ada for an account."},
        "amounts": {name: Decimal(text) for name, text in _AMOUNTS.items()},
        "switch_form": SwitchForm(initial={"roles": ["admin", "user"]}, auto_id="switch_%s"),
        "switch_help": {"admin": "Sees and changes everything.", "user": "Makes API keys."},
        "switch_locks": {"admin": "The last active administrator."},
        "sides": [("maxBudget", "10", "50"), ("tpmLimit", None, "1000"), ("rpmLimit", "60", None)],
        "secret": "sk-" + "example" * 5,
        "limits": _LIMITS,
        "touched": {
            "USER": {"1": "uma", "2": "ada"},
            "API_KEY": {str(at): f"key {at:02}" for at in range(23)},
        },
        "nothing_touched": {},
        "told": _told(),
        "differences": [
            Difference("Name", "Research and development", "Research"),
            Difference("Maximum budget", "100", "empty"),
            Difference("Restricted", "On", "Off"),
        ],
    }


def _told() -> list[dict[str, Any]]:
    """A notification in every look, one without a body, one that was read."""
    texts = {
        "info": ("uma asks for gpt-4o", "For my thesis."),
        "success": ("You may use gpt-4o", ""),
        "warning": ("80 % of your budget is used", "8.00 of 10.00 dollars were spent in this budget window."),
        "danger": ("API key build was blocked", "It stood in a public repository."),
    }
    return [
        {
            "id": UUID(int=number),
            "variant": variant,
            "kind": "Invitations to a team",
            "title": title,
            "body": body,
            "link": "#notifications" if variant != "success" else "",
            "created_at": timezone.now(),
            "is_read": variant == "success",
        }
        for number, (variant, (title, body)) in enumerate(texts.items(), 1)
    ]


_LIMITS = [
    LimitLevel("You", max_budget=Decimal(100), spend=Decimal("12.5"), window="monthly", tpm_limit=100_000),
    LimitLevel(
        "Team",
        "Research",
        "#limits",
        max_budget=Decimal(500),
        spend=Decimal("491.3"),
        window="30d",
        resets_at=datetime(2026, 12, 1, tzinfo=UTC),
        rpm_limit=600,
        binds=frozenset({"budget"}),
    ),
    LimitLevel("Your place in the team", max_budget=Decimal(50), spend=None, window="monthly"),
    LimitLevel("This key", tpm_limit=20_000, max_parallel_requests=4, binds=frozenset({"tpm", "parallel"})),
    LimitLevel(
        "Model",
        "gpt-4o",
        rpm_limit=60,
        applies=False,
        note="Only for calls of this model",
        binds=frozenset({"rpm"}),
    ),
]


def _banners() -> list[dict[str, str]]:
    kinds = ["info", "success", "warning", "danger", "default"]
    return [
        {
            "variant": kind,
            "html": format_html("<p>Tonight from <strong>{}</strong> to ten.</p>", "nine"),
            "language": "en",
            "link": "https://example.com" if kind == "warning" else "",
            "link_text": "More",
            "dismiss": "/" if kind == "info" else "",
        }
        for kind in kinds
    ]


class SampleTexts(forms.Form):
    text_en = forms.CharField(label="Text", widget=forms.Textarea({"rows": 2}))
    text_de = forms.CharField(label="Text", required=False, widget=forms.Textarea({"rows": 2}))


def _languages() -> list[dict[str, Any]]:
    form = SampleTexts(initial={"text_en": "Hello"}, auto_id="texts_%s")
    english, german = form["text_en"], form["text_de"]
    return [
        {"slug": "en", "title": "English", "fields": [english], "is_filled": True},
        {
            "slug": "de",
            "title": "Deutsch",
            "fields": [german],
            "copy_from": english.id_for_label,
            "copy_into": german.id_for_label,
        },
    ]


_AMOUNTS = {
    "nothing": "0",
    "small": "0.004213",
    "tiny": "0.00000012",
    "some": "12.5",
    "many": "80",
    "most": "97.25",
    "limit": "100",
    "over": "120.4",
    "token": "0.00000015",
}


def _rows() -> list[dict[str, Any]]:
    states = list(KEY_LOOKS)
    return [
        {
            "name": f"key {at}",
            "prefix": f"sk-ab{at}",
            "status": states[at % len(states)],
            "spend": Decimal(at * 37) / 100,
            "requests": at * 1234 if at != 2 else None,
            "note": "=not a formula" if at == 1 else "",
        }
        for at in range(1, 7)
    ]


def _jobs() -> list[JobLine]:
    took = timedelta(minutes=3, seconds=7)
    return [
        JobLine("queued", "Export of usage", "queued", cancel="/-/components"),
        JobLine(
            "running", "Backup", "running", 250, 1000, "rows", "usage_logs", took, cancel="/-/components"
        ),
        JobLine("endless", "Reading the gateway", "running", 12, None, "days", elapsed=took),
        JobLine(
            "done", "Export of usage", "succeeded", 1000, 1000, "rows", elapsed=took, file="/-/components"
        ),
        JobLine("size", "Restore", "running", 123_456_789, None, "bytes", elapsed=took, about="Portal"),
        JobLine("failed", "Backup", "failed", elapsed=took, error="The disk is full."),
        JobLine("cancelled", "Limits of all users", "cancelled", elapsed=took),
    ]


def _charts() -> dict[str, Chart]:
    rising = [40 + 13 * at % 90 for at in range(len(DAYS))]
    return {
        "trend": Chart(
            "trend",
            "line",
            "Requests",
            "Day",
            DAYS,
            [
                Series("Requests", [None if at in {4, 5} else value for at, value in enumerate(rising)]),
                Series("Period before", [value // 2 + 20 if at != 4 else None for at, value in enumerate(rising)], True),
            ],
        ),
        "models": Chart(
            "by-model",
            "area",
            "Cost by model",
            "Day",
            DAYS,
            [
                Series(name, [Decimal((at * 7 + turn * 11) % 40) / 10 for at in range(len(DAYS))])
                for turn, name in enumerate(MODELS[:4])
            ],
            unit="money",
        ),
        "share": Chart("share", "donut", "Model share", "Model", MODELS[:4], [Series("Requests", [412, 210, 96, 12])]),
        "providers": Chart(
            "providers", "bar", "Cost by provider", "Provider", ["OpenAI", "Mistral", "IBM"],
            [Series("Cost", [Decimal("12.5"), Decimal("7.25"), Decimal("0.4")])], unit="money",
        ),
        "spend": Chart("spend", "line", "Spend", "Day", DAYS[:7],
            [Series("Cost", [Decimal(text) if text else None for text in ("0.4", "1.2", "", "3", "2.5", "0", "1")])],
            unit="money",
        ),
        "nothing": Chart("spend-nothing", "line", "Spend", "Day", [], [Series("Cost", [])], unit="money"),
        "empty": Chart("empty", "line", "Nothing yet", "Day", [], [Series("Requests", [])]),
    }  # fmt: skip
