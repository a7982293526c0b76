"""Which hosts and addresses may be reached."""

from ipaddress import ip_address

import pytest

from sandbox.addresses import AddressRefused, addresses_of, host_name, is_public

OWN = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
]

NO_NAMES = (
    *("127.1", "127.0.0.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1"),
    *("[::1]", "::1", "[::ffff:127.0.0.1]", "169.254.169.254.", "①②⑦.⓪.⓪.①", "127。0。0。1"),
    *(
        "１２７.0.0.1",
        "localhost",
        "LOCALHOST.",
        "ⅼocalhost",
        "metadata",
        "",
        ".",
        "a..b",
        "-a.com",
    ),
    *("a b.com", "ex%61mple.com", "user@example.com", "example.com:80", "a.1"),
    *("example.com\0", "example.com/", "x" * 64 + ".com", ".".join(["abcdefgh"] * 40)),
)


@pytest.mark.parametrize("text", OWN)
def test_somebodys_own_address_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name_of_a_host_is_refused(text: str) -> None:
    with pytest.raises(AddressRefused):
        host_name(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("EXAMPLE。com", "example.com"),
    ],
)
def test_a_name_has_one_spelling(text: str, name: str) -> None:
    assert host_name(text) == name


async def test_a_name_that_leads_inside_as_well_is_refused() -> None:
    async def both(_: str) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"]

    async def nowhere(_: str) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(AddressRefused, match="not public"):
        await addresses_of("example.com", resolve=both)
    with pytest.raises(AddressRefused, match="no address"):
        await addresses_of("example.com", resolve=nowhere)
