import warnings

from django.apps import AppConfig

from config.logs import configure_structlog


class WiringConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        configure_structlog()
        # WhiteNoise reads a static file in one go under ASGI; our files are small.
        warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
