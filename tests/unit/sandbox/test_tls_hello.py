"""The name in a TLS client's first message is found, and nothing else is taken for one."""

import ssl

import pytest

from sandbox.tls_hello import NoHello, record_size, server_name


def hello(name: str | None) -> bytes:
    """Return what a real client says first."""
    context = ssl.create_default_context()
    context.check_hostname = name is not None
    sent = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


def test_the_name_is_found():
    said = hello("Files.example.org")
    assert record_size(said[:5]) == len(said) - 5
    assert server_name(said[5:]) == "files.example.org"


def test_a_hello_without_a_name_is_refused():
    with pytest.raises(NoHello):
        server_name(hello(None)[5:])


def test_every_cut_hello_is_refused():
    whole = hello("files.example.org")[5:]
    for end in range(0, len(whole), 7):
        with pytest.raises(NoHello):
            server_name(whole[:end])


@pytest.mark.parametrize(
    "start", [b"GET /", b"SSH-2", b"\x16\x02\x01\x02\x00", b"\x16\x03\x01\x00\x00"]
)
def test_what_is_no_tls_is_refused(start: bytes):
    with pytest.raises(NoHello):
        record_size(start)
