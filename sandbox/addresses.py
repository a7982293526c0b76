"""Which addresses on the network anybody may reach, and which are somebody's own.

What agents ask for must never reach this machine, its neighbours or a cloud's metadata service. A
name is resolved once, every address it has is looked at here, and the connection goes to one of
those that were looked at: a name that changes between two look-ups gains nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import idna

Address = IPv4Address | IPv6Address
Resolve = Callable[[str], Awaitable[list[str]]]
"""Gives the addresses of a name. Raises OSError where it has none."""
Permit = Callable[[Address], bool]

# IANA's registries of special-purpose addresses, and what clouds put inside public ranges.
_CLOSED_V4 = [
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's wire server
    )
]
# Of IPv6 only 2000::/3 is given out at all; this leaves no v4 address hidden in a v6 one.
_GIVEN_OUT_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = [
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols, among them Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
]


class AddressRefused(Exception):
    """This host may not be reached."""


def is_public(address: Address) -> bool:
    """Say whether an address is one that everybody on the internet may reach."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return (
        address.scope_id is None
        and address in _GIVEN_OUT_V6
        and not any(address in network for network in _CLOSED_V6)
    )


def host_name(text: str) -> str:
    """Return the name of a host in its one spelling: lower-case ASCII without a dot at the end.

    Raises AddressRefused for an address in any spelling (`127.1`, `0x7f000001`, `2130706433`,
    `[::1]`, full-width digits) and for what is no name of a host on the internet.
    """
    name = text.strip().removesuffix(".").lower()
    try:
        if not name.isascii():
            name = idna.encode(name, uts46=True).decode().lower().removesuffix(".")
    except (idna.IDNAError, UnicodeError):
        raise AddressRefused(f"'{text[:100]}' is no name of a host.") from None
    labels = name.split(".")
    if _is_numeric(labels[-1]) or ":" in name:
        raise AddressRefused(f"'{text[:100]}' is an address; give the name of a host.")
    plain = all(_is_label(label) for label in labels)
    if len(labels) < 2 or len(name) > 253 or not plain:
        raise AddressRefused(f"'{text[:100]}' is no name of a host on the internet.")
    return name


def _is_label(label: str) -> bool:
    letters = label.replace("-", "").replace("_", "")
    inside = letters.isascii() and letters.isalnum()
    return inside and len(label) <= 63 and not label.startswith("-") and not label.endswith("-")


def _is_numeric(label: str) -> bool:
    """As browsers tell: a name that ends in a number is an IPv4 address."""
    if label.startswith("0x"):
        return all(char in "0123456789abcdef" for char in label[2:])
    return label.isascii() and label.isdigit()


async def resolve(name: str) -> list[str]:
    """Return the addresses of a name as the system knows them. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def addresses_of(
    name: str, *, resolve: Resolve = resolve, permit: Permit = is_public
) -> list[str]:
    """Return the addresses that a name may be reached at.

    Raises AddressRefused when it has none, or when one of them is not permitted: a name that leads
    inside and outside at once is no mistake.
    """
    try:
        found = await resolve(name)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise AddressRefused(f"'{name}' has no address.")
    for text in found:
        if not permit(ip_address(text)):
            raise AddressRefused(f"'{name}' leads to an address that is not public.")
    return found
