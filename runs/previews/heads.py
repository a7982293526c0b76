"""What a preview's front changes in requests and responses: cookies, hosts, and the headers that
keep a preview away from the app and from other previews."""

from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from runs.previews.links import COOKIE
from sandbox.http_head import Head

# Orders to the browser that outlive the page, or speak for more than this origin.
_NEVER = (
    *("strict-transport-security", "alt-svc", "nel", "report-to", "reporting-endpoints"),
    *("public-key-pins", "expect-ct", "service-worker-allowed", "referrer-policy"),
    *("cross-origin-opener-policy", "origin-agent-cluster"),
    "clear-site-data",  # its cookies are those of the whole domain
)


def seats(head: Head) -> list[str]:
    """Return the values of our own cookie."""
    return [value for name, value in _cookies(head) if name == COOKIE]


def is_foreign(head: Head, origin: str) -> bool:
    """Say whether a request was made by a page of another origin, other than by following a link:
    websockets and forms know no other bounds."""
    by, site = head.get("origin"), head.get("sec-fetch-site")
    linked = head.get("sec-fetch-mode") == "navigate" and head.method in ("GET", "HEAD")
    if by not in ("", "null", origin):
        return True
    return site in ("cross-site", "same-site") and not linked


def toward_service(head: Head, *, origin: str, port: int, alone: bool) -> None:
    """Make a browser's request one that the service understands as its own: it hears of
    `localhost:port`, as it would from somebody at its side.

    Cookies of an origin that is not this preview's `alone` may be anybody's; none is passed on.
    """
    upgrade = head.upgrade
    kept = [f"{name}={value}" for name, value in _cookies(head) if alone and name != COOKIE]
    head.leave_connection()
    head.drop("cookie", "forwarded", "x-forwarded-for", "x-real-ip")
    if kept:
        head.put("cookie", "; ".join(kept))
    inside = f"http://localhost:{port}"
    at = urlsplit(origin)
    head.put("x-forwarded-host", at.netloc)
    head.put("x-forwarded-proto", at.scheme)
    head.put("host", f"localhost:{port}")
    for name in ("origin", "referer"):
        value = head.get(name)
        if value == origin or value.startswith(origin + "/"):
            head.put(name, inside + value[len(origin) :])
    head.put("connection", "upgrade" if upgrade else "close")
    if upgrade:
        head.put("upgrade", upgrade)


def toward_browser(
    head: Head, *, origin: str, port: int, hosts: Sequence[str], alone: bool
) -> None:
    """Make a service's response one that cannot touch anything but its own origin."""
    upgrade = head.upgrade if head.status == 101 else ""
    cookies = [_own_cookie(value) for value in head.all("set-cookie")] if alone else []
    head.leave_connection()
    head.drop("set-cookie", *_NEVER)
    head.fields += [("set-cookie", value) for value in cookies if value]
    location = head.get("location")
    if location:
        head.put("location", _outside(location, origin, port))
    head.put("connection", "upgrade" if upgrade else "close")
    if upgrade:
        head.put("upgrade", upgrade)
    head.fields += protections(origin, hosts)


def protections(origin: str, hosts: Sequence[str]) -> list[tuple[str, str]]:
    """Return the headers of every response. A page may load what is its own, and what its sandbox
    may reach; a policy of the service's own holds besides."""
    own = f"'self' {origin.replace('http', 'ws', 1)} data: blob:"
    reach = " ".join([own, *(f"https://{host} wss://{host}" for host in hosts)])
    policy = (
        f"default-src {reach} 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'; object-src 'none';"
        " base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    )
    return [
        ("content-security-policy", policy),
        ("cross-origin-opener-policy", "same-origin"),
        ("origin-agent-cluster", "?1"),
        ("referrer-policy", "same-origin"),
        ("x-robots-tag", "noindex"),
    ]


def _cookies(head: Head) -> list[tuple[str, str]]:
    parts = "; ".join(head.all("cookie")).split(";")
    pairs = (part.strip().partition("=") for part in parts)
    return [(name, value) for name, equals, value in pairs if name and equals]


def _own_cookie(value: str) -> str:
    """Return a cookie that holds on this host alone, or nothing for one that would be ours."""
    name, *attributes = value.split(";")
    if name.partition("=")[0].strip() == COOKIE:
        return ""
    kept = [one for one in attributes if one.partition("=")[0].strip().lower() != "domain"]
    return ";".join([name, *kept])


def _outside(location: str, origin: str, port: int) -> str:
    """Return where a redirection leads as the browser knows it."""
    try:
        at = urlsplit(location)
        inside = at.hostname in ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104
        if inside and (at.port or 80) == port:
            return origin + urlunsplit(("", "", at.path or "/", at.query, at.fragment))
    except ValueError:
        pass
    return location
