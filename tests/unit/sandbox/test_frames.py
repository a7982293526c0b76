"""Frames survive any cut, and nothing but frames with the right token is believed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.agent.frames import CHUNK, HELLO, MAGIC, MAX_BODY, RESYNC, Reader, pack

TOKEN, OTHER = b"t" * 16, b"o" * 16
HEADS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=20), max_size=4)
MESSAGES = st.lists(st.tuples(HEADS, st.binary(max_size=300)), max_size=6)


def read(reader: Reader, data: bytes, cuts: list[int]) -> list[tuple[dict[str, object], bytes]]:
    found = []
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        found += [(frame.head, frame.data) for frame in reader.feed(data[start:end])]
    return found


@given(MESSAGES, st.lists(st.integers(min_value=0), max_size=10))
def test_frames_come_out_as_they_went_in(messages, cuts):
    data = b"".join(pack(TOKEN, head, body) for head, body in messages)
    assert read(Reader(TOKEN), data, cuts) == messages


@given(MESSAGES, st.binary(max_size=200), st.lists(st.integers(min_value=0), max_size=6))
def test_what_is_no_frame_is_skipped(messages, noise, cuts):
    noise = noise.replace(MAGIC[:1], b"")
    parts = [noise + MAGIC + noise[:5] + pack(TOKEN, head, body) for head, body in messages]
    data = b"".join(parts) + RESYNC
    assert read(Reader(TOKEN), data, cuts) == messages


@given(st.binary(max_size=2000), st.integers(min_value=1, max_value=2040))
def test_a_frame_cut_in_half_costs_only_itself(body, cut):
    torn = pack(TOKEN, {"op": "write"}, body)[:-1][:cut]
    after = pack(HELLO, {"hello": 1}, OTHER) + pack(TOKEN, {"n": 2})
    found = [frame.head for frame in Reader(TOKEN, HELLO).feed(torn + RESYNC + after)]
    assert found == [{"hello": 1}, {"n": 2}]


@given(MESSAGES)
def test_frames_of_another_connection_are_not_believed(messages):
    forged = b"".join(pack(OTHER, head, body) for head, body in messages)
    truth = pack(TOKEN, {"true": 1})
    assert [frame.head for frame in Reader(TOKEN).feed(forged + truth)] == [{"true": 1}]


def test_a_forged_head_is_not_believed():
    good = pack(TOKEN, {"a": 1}, b"data")
    for bad in (
        good.replace(b'{"a":1}', b"[1,2,3]"),
        good.replace(b'{"a":1}', b"{{{{{{{"),
        good[:-16] + OTHER,
    ):
        assert [f.head for f in Reader(TOKEN).feed(bad + good)] == [{"a": 1}]


def test_the_largest_frame_fits_and_a_larger_one_is_refused():
    (frame,) = Reader(TOKEN).feed(pack(TOKEN, {"name": "x" * 10_000}, b"d" * CHUNK))
    assert len(frame.data) == CHUNK
    with pytest.raises(ValueError, match="too large"):
        pack(TOKEN, {}, b"d" * MAX_BODY)


def test_endless_noise_is_not_kept():
    reader = Reader(TOKEN)
    for _ in range(50):
        assert list(reader.feed(b"noise" * 10_000)) == []
    assert len(reader._buffer) < 10
