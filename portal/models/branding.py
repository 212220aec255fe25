"""Branding: the organisation's name and images on the sign-in page and in the masthead."""

from django.db import models
from django.db.models import Q


class Branding(models.Model):
    """One row at most. Without it the product's own look holds."""

    audit_type = "branding"

    id = models.SmallIntegerField(primary_key=True, default=1)
    login_logo_enabled = models.BooleanField(default=False)
    login_title_enabled = models.BooleanField(default=False)
    login_title = models.CharField(max_length=200, null=True, blank=True)
    login_subtitle_enabled = models.BooleanField(default=False)
    login_subtitle = models.CharField(max_length=500, null=True, blank=True)
    header_brand_enabled = models.BooleanField(default=False)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "branding"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="branding_is_one_row")]

    def __str__(self) -> str:
        return "Branding"


class BrandingImage(models.Model):
    """An image as it is served: made anew from what was uploaded, never the upload itself."""

    class Place(models.TextChoices):
        LOGIN_LOGO = "login-logo", "Logo of the sign-in page"
        HEADER_LIGHT = "header-brand-light", "Masthead, light"
        HEADER_DARK = "header-brand-dark", "Masthead, dark"

    place = models.CharField(primary_key=True, max_length=20, choices=Place.choices)
    content_type = models.CharField(max_length=40)
    content = models.BinaryField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "branding_images"

    def __str__(self) -> str:
        return self.place
