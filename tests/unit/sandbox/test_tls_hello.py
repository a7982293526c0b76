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


@pytest.mark.parametrize("inside", [True, False])
def test_two_names_are_refused(inside: bool):
    """Both in one list, or each in an extension of its own."""

    def sized(data: bytes, size: int = 2) -> bytes:
        return len(data).to_bytes(size, "big") + data

    one, two = (b"\0" + sized(name) for name in (b"allowed.example", b"other.example"))
    lists = [one + two] if inside else [one, two]
    extensions = b"".join(b"\0\0" + sized(sized(names)) for names in lists)
    body = bytes(34) + sized(b"", 1) + sized(b"\x13\x01") + sized(b"\0", 1) + sized(extensions)
    with pytest.raises(NoHello):
        server_name(b"\x01" + sized(body, 3))
    single = bytes(34) + sized(b"", 1) + sized(b"\x13\x01") + sized(b"\0", 1)
    single += sized(b"\0\0" + sized(sized(one)))
    assert server_name(b"\x01" + sized(single, 3)) == "allowed.example"
