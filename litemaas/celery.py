"""The Celery application: background work and the beat (`litemaas.schedule`)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "litemaas.settings")
app = Celery("litemaas")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
