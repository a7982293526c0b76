"""The Celery application.

A message only says that a run may have work; the database says what it is.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu.transport import TRANSPORT_ALIASES

from config.data_dir import prepare_data_dir

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
prepare_data_dir()

TRANSPORT_ALIASES["folder"] = "config.embedded.broker:Transport"
app = Celery("callsheet")


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
def keep_our_logging(**_: Any) -> None:
    """Celery sets its own logging up unless somebody answers this signal."""


app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
