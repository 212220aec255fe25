"""The real addresses, and the page of all elements, which they have in debug mode only."""

from django.urls import path

from litemaas.urls import handler400, handler403, handler404, handler500
from litemaas.urls import urlpatterns as real_urlpatterns
from litemaas.web import components

urlpatterns = [path("-/components", components.page, name="components"), *real_urlpatterns]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
