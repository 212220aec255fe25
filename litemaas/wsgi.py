import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from litemaas.turns import in_turns

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "litemaas.settings")
loaded = get_wsgi_application()
# Otherwise loaded with the first request. What is there now stays for good, so the collector need not walk it again and
# again; and a request leaves little behind.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
application = in_turns(loaded, settings.WEB_TURNS)
