import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from litemaas.collector import spare_what_is_loaded
from litemaas.turns import in_turns

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "litemaas.settings")
loaded = get_wsgi_application()
# Otherwise loaded with the first request.
import_module(settings.ROOT_URLCONF)
spare_what_is_loaded()
application = in_turns(loaded, settings.WEB_TURNS)
