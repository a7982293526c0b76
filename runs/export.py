"""A run as JSON lines ◆: its entries, then its signed head."""

import json
from collections.abc import Iterator

from callsheet_verify import Verdict, verify
from runs.journal import signing, store
from runs.models import Run

PAGE = 500


def export_lines(run: Run) -> Iterator[str]:
    """Yield the lines of a run's export, each with its line end."""
    seq = 0
    while page := store.read(str(run.pk), after=seq, limit=PAGE):
        for entry in page:
            yield json.dumps(entry.model_dump(mode="json")) + "\n"
        seq = page[-1].seq
    # One whose key could not be read when it ended may be signed now.
    if run.ended_at is not None and (signed := run.signature or signing.sign(str(run.pk))):
        yield json.dumps({"head": signed}) + "\n"


def verify_run(run: Run) -> Verdict:
    """Check a run's chain, commitments and signature as they are stored now."""
    run.refresh_from_db()
    return verify(export_lines(run), signing.public_key())
