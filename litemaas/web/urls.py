"""Addresses of the frame itself, and the page of all elements where `DEBUG` is on."""

from django.conf import settings
from django.urls import path, re_path

from litemaas.web import addresses, components, preferences

urlpatterns = [
    path("preferences/theme", preferences.set_theme, name="set_theme"),
    path("preferences/language", preferences.set_language, name="set_language"),
    path("preferences/columns", preferences.set_columns, name="set_columns"),
]
if settings.DEBUG:
    urlpatterns.append(path("-/components", components.page, name="components"))
# After all others (litemaas.urls)
leftover = [re_path(r"^(?P<bare>.+)/$", addresses.without_slash, name="without-slash")]
