import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from litemaas.turns import in_turns

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "litemaas.settings")
application = in_turns(get_wsgi_application(), settings.WEB_TURNS)
