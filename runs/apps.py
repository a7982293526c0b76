from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        from crews.catalog import catalog_register
        from crews.start_page import panel_register
        from runs.catalog import catalog
        from runs.credential_checks import checks_register
        from runs.decisions import decide_overdue
        from runs.engine.chores import chore_register
        from runs.experiments.advance import experiments_advance
        from runs.files import files_forget_old
        from runs.notices import notices_send
        from runs.start_page import recent_panel
        from runs.telemetry.export import traces_send

        catalog_register(catalog)
        checks_register()
        panel_register(recent_panel)
        chore_register("deadlines", decide_overdue)
        chore_register("notices", notices_send)
        chore_register("experiments", experiments_advance)
        chore_register("traces", traces_send)
        chore_register("files", files_forget_old, every_s=3600)
