"""The ASGI application: Django for HTTP, Channels for websockets."""

import gc
import os

from config.data_dir import prepare_data_dir

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
prepare_data_dir()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402

http = get_asgi_application()

from config.celery import app as celery_app  # noqa: E402, F401 (services send by the current app)
from config.lines import WithLine  # noqa: E402
from config.websockets import OurOriginOrKey, not_found  # noqa: E402
from runs.routing import websocket_urlpatterns  # noqa: E402

sockets = URLRouter([*websocket_urlpatterns, not_found])
application = ProtocolTypeRouter(
    {"http": http, "websocket": WithLine(OurOriginOrKey(sockets, settings.PUBLIC_ORIGINS))}
)
# What is loaded stays; looked through for garbage, it would hold up every viewer.
gc.freeze()
