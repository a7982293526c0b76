"""Heads of HTTP messages are understood wholly or refused, and written anew."""

import asyncio

import pytest

from sandbox.http_head import MOST_BYTES, BadHead, Head, read_request, read_response


def reader(data: bytes) -> asyncio.StreamReader:
    made = asyncio.StreamReader(limit=MOST_BYTES)
    made.feed_data(data)
    made.feed_eof()
    return made


async def test_a_request_is_read_and_written_anew():
    data = b"GET /a?b HTTP/1.1\r\nHost: x\r\nX-One:  two \r\nX-One: three\r\n\r\nbody"
    stream = reader(data)
    head = await read_request(stream)
    assert head is not None
    assert (head.method, head.target, head.get("x-one")) == ("GET", "/a?b", "two, three")
    written = b"GET /a?b HTTP/1.1\r\nhost: x\r\nx-one: two\r\nx-one: three\r\n\r\n"
    assert head.pack() == written
    assert await stream.read() == b"body"
    assert await read_request(reader(b"")) is None


async def test_a_response_is_read_and_written_anew():
    head = await read_response(reader(b"HTTP/1.0 404 Not Found\r\nA: b\r\n\r\n"))
    assert (head.status, head.reason) == (404, "Not Found")
    assert head.pack() == b"HTTP/1.1 404 Not Found\r\na: b\r\n\r\n"
    assert (await read_response(reader(b"HTTP/1.1 204\r\n\r\n"))).reason == ""


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * MOST_BYTES + b"\r\n\r\n",
    ],
)
async def test_what_could_be_understood_in_two_ways_is_refused(data: bytes):
    with pytest.raises(BadHead):
        await read_request(reader(data))


def test_what_was_about_the_connection_stays_with_it():
    head = Head(method="GET", target="/")
    head.fields = [("connection", "close, x-own"), ("x-own", "1"), ("te", "trailers"), ("a", "b")]
    head.leave_connection()
    assert head.fields == [("a", "b")]


@pytest.mark.parametrize(
    ("connection", "upgrade", "found"),
    [("Upgrade", "websocket", "websocket"), ("keep-alive, Upgrade", "h2c", "h2c"), ("", "x", "")],
)
def test_an_upgrade_needs_both_fields(connection: str, upgrade: str, found: str):
    head = Head(fields=[("connection", connection), ("upgrade", upgrade)])
    assert head.upgrade == found
