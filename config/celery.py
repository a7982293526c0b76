"""The Celery application.

A message only says that a run may have work; the database says what it is.
"""

import os

from celery import Celery

from config.data_dir import prepare_data_dir

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
prepare_data_dir()

app = Celery("callsheet")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
