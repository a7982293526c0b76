from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        from crews.catalog import catalog_register
        from crews.start_page import panel_register
        from runs.catalog import catalog
        from runs.credential_checks import checks_register
        from runs.start_page import recent_panel

        catalog_register(catalog)
        checks_register()
        panel_register(recent_panel)
