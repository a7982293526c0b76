"""Chains and signatures against everything that can be done to a journal, by both verifiers."""

import json
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import call_command

from config.data_dir import BASE_DIR
from runs.export import export_lines
from runs.journal.entries import GENESIS, canonical, chain_hash, commitment
from runs.journal.signing import public_key
from runs.models import Entry, Run
from tests.integration.runs.documents import steps
from tests.integration.runs.playing import Stage

Json = Any
Records = list[dict[str, Json]]


@pytest.fixture
def run(stage: Stage) -> Run:
    return stage.play(steps(2)).run


def exported(run: Run) -> Records:
    return [json.loads(line) for line in export_lines(run)]


def rechained(records: Records) -> Records:
    """Make the hashes of the entries fit again, as somebody would who has the database."""
    prev = GENESIS
    for record in records:
        if "head" in record:
            continue
        record["payload_hash"] = commitment(record["salt"], canonical(record["payload"]))
        record["prev_hash"] = prev
        envelope = {n: v for n, v in record.items() if n not in ("payload", "salt", "hash")}
        prev = record["hash"] = chain_hash(**envelope)
    return records


def signed_by_another(records: Records) -> Records:
    """Sign the head as it is now with a key of the forger's own."""
    *entries, _ = records
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    last = entries[-1]
    head = {n: last[n] for n in ("run", "at")} | {"size": last["seq"], "head": last["hash"]}
    signature = key.sign(canonical(head).encode()).hex()
    return [*entries, {"head": {**head, "public_key": public, "signature": signature}}]


def changed(records: Records) -> Records:
    told = next(r for r in records if r.get("kind") == "action.finished")
    told["payload"]["output"] = "something nicer"
    return records


def removed(records: Records) -> Records:
    return records[:3] + records[4:]


def reordered(records: Records) -> Records:
    records[3], records[4] = records[4], records[3]
    return records


def cut(records: Records) -> Records:
    return records[:-3]


def cut_before_the_head(records: Records) -> Records:
    return [*records[:-3], records[-1]]


def rewritten(records: Records) -> Records:
    return rechained(changed(records))


def rewritten_and_signed(records: Records) -> Records:
    return signed_by_another(rewritten(records))


def other_actor(records: Records) -> Records:
    records[0]["actor"] = "user:somebody.else@example.com"
    return records


def doubled(records: Records) -> Records:
    return [*records[:4], records[3], *records[4:]]


def erased_in_silence(records: Records) -> Records:
    records[3].update(payload=None, salt=None)
    return records


def added_to(records: Records) -> Records:
    records[3]["approved_by"] = "user:somebody.else@example.com"
    return records


def added_to_the_head(records: Records) -> Records:
    records[-1]["approved_by"] = "user:somebody.else@example.com"
    return records


FORGERIES = [
    erased_in_silence,
    added_to,
    added_to_the_head,
    changed,
    removed,
    reordered,
    cut_before_the_head,
    rewritten,
    rewritten_and_signed,
    signed_by_another,
    other_actor,
    doubled,
]


def write(folder: Path, records: Records) -> Path:
    path = folder / "run.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def alone(path: Path, *options: str) -> tuple[int, str]:
    """Verify with the one file, as anybody anywhere would."""
    argv = [sys.executable, "-I", str(BASE_DIR / "callsheet_verify.py"), str(path), *options]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def ours(what: str) -> tuple[int, str]:
    out = StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_audit", what, stdout=out, stderr=out)
    return int(exit_.value.code or 0), out.getvalue()


def test_an_intact_run_holds(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path, exported(run))
    assert ours(str(run.pk))[0] == 0
    assert ours(str(path))[0] == 0
    assert alone(path, "--key", public_key())[0] == 0
    assert alone(path)[0] == 0


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forgery_shows(run: Run, tmp_path: Path, forge: Callable[[Records], Records]) -> None:
    path = write(tmp_path, forge(exported(run)))
    code, told = alone(path, "--key", public_key())
    assert (code, "PROBLEM" in told) == (1, True), told
    assert ours(str(path))[0] == 1


def test_a_name_that_is_there_twice_shows(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path, exported(run))
    path.write_text(path.read_text().replace('{"run"', '{"agent": "somebody else", "run"', 1))
    code, told = alone(path)
    assert (code, "twice" in told) == (1, True), told


def test_a_tail_that_was_cut_off_shows_by_a_kept_head(run: Run, tmp_path: Path) -> None:
    records = exported(run)
    code, told = alone(write(tmp_path, cut(records)))
    # What is left looks like a run that still goes on; the note says that nothing tells its end.
    assert code == 0
    assert "has not ended" in told
    whole = records[:-1]
    assert alone(write(tmp_path, whole))[0] == 1


def test_a_change_in_the_database_shows(run: Run) -> None:
    entry = Entry.objects.filter(run=run, kind="action.finished").earliest("seq")
    text = entry.payload or ""
    Entry.objects.filter(pk=entry.pk).update(payload=text.replace("ok", "no"))
    code, told = ours(str(run.pk))
    assert code == 1
    assert f"entry {entry.seq}: its payload was changed" in told
    Entry.objects.filter(pk=entry.pk).update(payload=text)
    assert ours(str(run.pk))[0] == 0
    Entry.objects.filter(run=run).latest("seq").delete()
    assert ours(str(run.pk))[0] == 1


@pytest.mark.parametrize(
    "text",
    ["", "\n", "{}", "[]", "null", "7", '{"head": 1}', "x" * 1000, '{"seq": NaN}', "[" * 90_000],
)
def test_what_is_no_export_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    code, told = alone(path)
    assert (code, "NOT VERIFIED" in told) == (1, True), told[-500:]


def test_a_file_that_is_not_there(tmp_path: Path, transactional_db: None) -> None:
    assert alone(tmp_path / "nothing")[0] == 2
    assert ours("nothing")[0] == 2
    assert ours("018f0000-0000-7000-8000-000000000000")[0] == 2
