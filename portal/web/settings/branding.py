"""The tab of branding: texts and images of the sign-in page and the masthead, on both themes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.web.pages import PageRequest, require, signed_in
from litemaas import errors
from litemaas.web import conflicts
from portal import branding
from portal.look import brand_of
from portal.models import Branding, BrandingImage
from portal.web.settings.forms import SettingsForm
from portal.web.settings.frame import READ, WRITE, show

Place = BrandingImage.Place
LARGEST = 2 * 1024 * 1024
_TYPES = "image/png,image/jpeg,image/svg+xml,image/gif,image/webp"
TITLES = {
    Place.LOGIN_LOGO: gettext_lazy("Logo of the sign-in page"),
    Place.HEADER_LIGHT: gettext_lazy("Masthead, light theme"),
    Place.HEADER_DARK: gettext_lazy("Masthead, dark theme"),
}


class BrandingForm(SettingsForm):
    login_logo_enabled = forms.BooleanField(
        label=gettext_lazy("Own logo on the sign-in page"), required=False
    )
    login_title_enabled = forms.BooleanField(label=gettext_lazy("Own title"), required=False)
    login_title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=200)
    login_subtitle_enabled = forms.BooleanField(label=gettext_lazy("Own subtitle"), required=False)
    login_subtitle = forms.CharField(
        label=gettext_lazy("Subtitle"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2, "maxlength": 500, "data-count": True}),
    )
    header_brand_enabled = forms.BooleanField(
        label=gettext_lazy("Own images in the masthead"), required=False
    )


class ImageForm(forms.Form):
    image = forms.FileField(
        label=gettext_lazy("Image"),
        max_length=255,
        widget=forms.FileInput({"accept": _TYPES}),
        help_text=gettext_lazy("PNG, JPEG, SVG, GIF or WebP, 2 MiB at most."),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("This file is empty."),
        },
    )

    def clean_image(self) -> Any:
        if self.cleaned_data["image"].size > LARGEST:
            raise forms.ValidationError(_("The picture is larger than %(value)s MiB.") % {"value": 2})
        return self.cleaned_data["image"]


@dataclass(frozen=True)
class Card:
    """An image's place: what is there, and the form that puts another one there."""

    place: str
    title: str | Promise
    form: ImageForm
    address: str

    @property
    def upload(self) -> str:
        return reverse("put_brand_image", args=[self.place])

    @property
    def remove(self) -> str:
        return reverse("remove_brand_image", args=[self.place])


@require_http_methods(["GET", "POST"])
@signed_in
def page(request: PageRequest) -> HttpResponse:
    require(request, READ if request.method == "GET" else WRITE)
    form = _form(request, request.POST if request.method == "POST" else None)

    def save() -> None:
        values = {name: value for name, value in form.cleaned_data.items() if name in form.present}
        branding.change_branding(actor=request.user, values=values, now=timezone.now())

    if conflicts.saved(request, form, lambda: _form(request, None), save):
        messages.success(request, _("Saved."))
        return redirect("system_branding")
    return _page(request, form)


def _form(request: PageRequest, data: Any) -> BrandingForm:
    row = Branding.objects.first() or Branding()
    present = {name: getattr(row, name) for name in BrandingForm.base_fields}
    return BrandingForm(data, present, may_change=request.user.may(WRITE))


def _page(
    request: PageRequest, form: BrandingForm, wrong: dict[str, ImageForm] | None = None
) -> HttpResponse:
    times = _times()
    cards = [
        Card(place, title, (wrong or {}).get(place) or ImageForm(prefix=place), _address(place, times))
        for place, title in TITLES.items()
    ]
    values = {"form": form, "cards": cards, "sketch": brand_of(Branding(**form.present), times)}
    return show(request, "branding", values)


def _times() -> dict[str, datetime]:
    return dict(BrandingImage.objects.values_list("place", "updated_at"))


def _address(place: str, times: dict[str, datetime]) -> str:
    """Of the image, whether it is switched on or not."""
    at = times.get(place)
    return f"{reverse('branding-image', args=[place])}?{urlencode({'t': at.isoformat()})}" if at else ""


@require_POST
@signed_in
def preview(request: PageRequest) -> HttpResponse:
    """The sign-in page with the texts and switches that were sent."""
    require(request, READ)
    row = Branding()
    for name in BrandingForm.base_fields:
        sent = request.POST.get(name, "")
        setattr(row, name, bool(sent) if name.endswith("_enabled") else sent[:500])
    return render(request, "portal/settings/_brand_preview.html", {"sketch": brand_of(row, _times())})


@require_POST
@signed_in
def put_image(request: PageRequest, place: str) -> HttpResponse:
    require(request, WRITE)
    if place not in TITLES:
        raise errors.NotFound
    form = ImageForm(request.POST, request.FILES, prefix=place)
    if form.is_valid():
        try:
            content = form.cleaned_data["image"].read()
            branding.put_image(actor=request.user, place=place, content=content, now=timezone.now())
        except errors.InvalidInput as refusal:
            form.add_error("image", refusal.fields.get("data", refusal.message))
        else:
            messages.success(request, _("The image was saved. Switch it on to show it."))
            return redirect("system_branding")
    return _page(request, _form(request, None), {place: form})


@require_http_methods(["GET", "POST"])
@signed_in
def remove_image(request: PageRequest, place: str) -> HttpResponse:
    require(request, WRITE)
    if place not in TITLES:
        raise errors.NotFound
    if request.method == "POST":
        branding.remove_image(actor=request.user, place=place, now=timezone.now())
        messages.success(request, _("The image was removed."))
        return redirect("system_branding")
    return render(
        request, "portal/settings/image_remove.html", {"title": TITLES[Place(place)], "place": place}
    )
