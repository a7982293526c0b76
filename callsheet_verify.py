#!/usr/bin/env python3
"""Check an exported Callsheet run: its hash chain, the commitments to its payloads, its signed
head.

One file, Python 3.9 or newer, nothing to install: python3 callsheet_verify.py run.jsonl With --key
HEX the head must be signed by that public key. Exit 0: all holds; 1: something does not; 2: the
file cannot be read. See docs/journal.md for the format.

Ed25519 is checked as in RFC 8032, section 5.1.7.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
ENVELOPE = (
    "run",
    "seq",
    "at",
    "kind",
    "action",
    "parent",
    "key",
    "agent",
    "actor",
    "payload_hash",
    "prev_hash",
)
COMMITTED = {*ENVELOPE, "payload", "salt", "hash"}
ENDS = ("run.finished", "run.cancelled")


@dataclass
class Verdict:
    """What was found. `problems` is empty if all holds; `notes` say what could not be checked."""

    run: str = ""
    size: int = 0
    head: str = GENESIS
    signed_by: str = ""
    redacted: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(lines: Iterable[str], public_key: str = "") -> Verdict:
    """Check the lines of an export: entries, then (for a run that has ended) its signed head."""
    verdict = Verdict()
    signed: dict[str, Any] | None = None
    ended = False
    told = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, object_pairs_hook=_object)
            if signed is not None:
                verdict.problems.append(f"line {number}: there is something after the signed head")
            elif list(record) == ["head"] and isinstance(record["head"], dict):
                signed = record["head"]
            else:
                ended |= record["kind"] in ENDS
                _check_entry(verdict, record)
                if record["kind"] == "redacted" and record["payload"]:
                    told.add(record["payload"]["seq"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            verdict.problems.append(
                f"line {number}: it is no entry ({type(error).__name__}: {error})"
            )
    for seq in verdict.redacted:
        if seq not in told:
            verdict.problems.append(f"entry {seq}: its payload is gone, and no entry says why")
    _check_head(verdict, signed, ended, public_key)
    return verdict


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Read a JSON object, of which two readers cannot take different things."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name is there twice")
    return read


def _check_entry(verdict: Verdict, entry: dict[str, Any]) -> None:
    seq = entry["seq"]
    verdict.run = verdict.run or entry["run"]
    if entry["run"] != verdict.run:
        verdict.problems.append(f"entry {seq}: it belongs to another run, {entry['run']}")
    if seq != verdict.size + 1:
        verdict.problems.append(
            f"entry {seq}: {verdict.size + 1} was expected; entries are missing or out of order"
        )
    if entry["prev_hash"] != verdict.head:
        verdict.problems.append(f"entry {seq}: it does not follow the entry before it")
    if _hash(_canonical([entry[name] for name in ENVELOPE])) != entry["hash"]:
        verdict.problems.append(f"entry {seq}: its hash does not fit what it says")
    if unknown := entry.keys() - COMMITTED:
        verdict.problems.append(
            f"entry {seq}: the chain does not cover {', '.join(sorted(unknown))}"
        )
    if entry["payload"] is None and entry["salt"] is None:
        verdict.redacted.append(seq)
    elif _hash(entry["salt"] + _canonical(entry["payload"])) != entry["payload_hash"]:
        verdict.problems.append(f"entry {seq}: its payload was changed")
    verdict.size, verdict.head = seq, entry["hash"]


def _check_head(
    verdict: Verdict, signed: dict[str, Any] | None, ended: bool, public_key: str
) -> None:
    if verdict.size == 0:
        verdict.problems.append("there are no entries")
    if signed is None:
        if ended:
            verdict.problems.append(
                "the run has ended, but its signed head is missing: the end may have been cut off"
            )
        else:
            verdict.notes.append(
                "the run has not ended, so nothing says yet how long its journal is"
            )
        return
    if (signed.get("run"), signed.get("size"), signed.get("head")) != (
        verdict.run,
        verdict.size,
        verdict.head,
    ):
        verdict.problems.append(
            f"the signed head speaks of entry {signed.get('size')}, and the journal ends at"
            f" {verdict.size} differently"
        )
    message = {
        name: value for name, value in signed.items() if name not in ("public_key", "signature")
    }
    verdict.signed_by = str(signed.get("public_key", ""))
    if not _signature_holds(
        verdict.signed_by, str(signed.get("signature", "")), _canonical(message).encode()
    ):
        verdict.problems.append("the signature of the head does not hold")
    if public_key and verdict.signed_by != public_key.lower():
        verdict.problems.append(f"the head is signed by another key, {verdict.signed_by}")
    elif not public_key:
        verdict.notes.append(
            "the head was checked with the key that it names; give --key to be sure whose it is"
        )


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# -- Ed25519, RFC 8032 ---------------------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]  # extended coordinates (X, Y, Z, T)


def _signature_holds(public: str, signature: str, message: bytes) -> bool:
    try:
        key, sig = bytes.fromhex(public), bytes.fromhex(signature)
    except ValueError:
        return False
    if len(key) != 32 or len(sig) != 64:
        return False
    a, r, s = _decode(key), _decode(sig[:32]), int.from_bytes(sig[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(sig[:32] + key + message).digest(), "little") % Q
    return _same(_times(s, _BASE), _add(r, _times(h, a)))


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(s: int, p: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            total = _add(total, p)
        p = _add(p, p)
        s >>= 1
    return total


def _same(p: Point, q: Point) -> bool:
    return all((p[n] * q[2] - q[n] * p[2]) % P == 0 for n in (0, 1))


def _recover_x(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P:
        return None
    return P - x if x & 1 != sign else x


def _decode(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE_X = _recover_x(_BASE_Y, 0) or 0
_BASE: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)


def report(verdict: Verdict) -> str:
    """Return a verdict as text for people."""
    lines = [f"run {verdict.run}: {verdict.size} entries, head {verdict.head}"]
    if verdict.signed_by:
        lines.append(f"signed by {verdict.signed_by}")
    if verdict.redacted:
        lines.append(f"redacted: {', '.join(map(str, verdict.redacted))}")
    lines += [f"note: {note}" for note in verdict.notes]
    lines += [f"PROBLEM: {problem}" for problem in verdict.problems]
    return "\n".join([*lines, "all holds" if verdict.ok else "NOT VERIFIED"])


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an exported Callsheet run.")
    parser.add_argument("file", help="the export (JSON lines), or - for standard input")
    parser.add_argument(
        "--key", default="", help="the public key (hex) that must have signed the head"
    )
    options = parser.parse_args()
    try:
        with (
            sys.stdin if options.file == "-" else Path(options.file).open("r", -1, "utf-8") as lines
        ):
            verdict = verify(lines, options.key)
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"cannot read {options.file}: {error}\n")
        return 2
    sys.stdout.write(report(verdict) + "\n")
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
