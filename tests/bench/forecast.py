"""What runs of the templates cost, against what was said before: `python -m tests.bench.forecast`.

The first run of a template is held against what its document alone tells, later ones against the
runs before them. Models and prices are those of tests/integration/runs/priced.py.
"""

import logging
import os
import statistics
import tempfile
from collections import defaultdict

RUNS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CALLSHEET_DATA_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        from config.data_dir import prepare_data_dir

        prepare_data_dir()
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.EMBEDDED = False  # No workers of ours are here, and no Docker.
        call_command("migrate", verbosity=0)
        logging.disable(logging.WARNING)
        _measure()


def _measure() -> None:
    from teams.services import credential_set
    from tests.bench.crews_to_run import owner_and_team
    from tests.fakes.model_server import ModelServer
    from tests.integration.runs.playing import Stage
    from tests.integration.runs.priced import record

    team, user = owner_and_team()
    ratios: dict[str, list[float]] = defaultdict(list)
    above, runs = 0, 0
    with ModelServer() as server:
        for name, url in (("openai", server.openai_url), ("anthropic", server.anthropic_url)):
            credential_set(team=team, provider=name, api_key="bench", base_url=url)
        stage = Stage(team=team, user=user, server=server)
        for it in record(stage, range(RUNS)):
            said, cost = it.forecast, it.run.cost_usd
            runs += 1
            if said is not None and said.worst is not None and cost:
                above += cost > said.worst
                kind = "as they are" if "document" in said.basis else "with other limits"
                ratios[f"at most, {kind}"].append(float(said.worst / cost))
                basis = "the document" if "document" in said.basis else "past runs"
                ratios[f"expected by {basis}"].append(float(said.expected / cost))
    print(f"{'runs of the templates':58}{runs:>10}   ≥ 100")
    print(f"{'dearer than the worst case':58}{above:>10}   0")
    print(f"{'said over what it cost: 10th, 50th, 90th percentile':58}")
    for what, found in sorted(ratios.items()):
        tenth = statistics.quantiles(found, n=10)
        print(f"  {what:56}{tenth[0]:>10.1f}{tenth[4]:>8.1f}{tenth[8]:>8.1f}")


if __name__ == "__main__":
    main()
