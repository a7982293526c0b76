from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        from crews.catalog import catalog_register
        from runs.catalog import catalog

        catalog_register(catalog)
