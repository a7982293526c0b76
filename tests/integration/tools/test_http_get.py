"""The tool that fetches pages: what it may reach, and what it makes of what it gets."""

import gzip
import ssl
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from crews.lint import crew_lint
from crews.spec import CrewSpec
from runs.catalog import catalog
from runs.tools import http_get
from runs.tools.base import ToolOutput
from runs.tools.fetching import MAX_BYTES, Fetcher
from tests.fakes.web import Answer, WebServer
from tests.integration.providers.certificate import self_signed
from tests.integration.runs.documents import desk
from tests.unit.runs.tools.contexts import alone


async def at_home(_: str) -> list[str]:
    return ["127.0.0.1"]


# The only way to the loopback: what the product itself never does.
HERE = Fetcher(resolve=at_home, permit=lambda _: True, deadline_s=20)


async def get(
    url: str, *allow: str, fetcher: Fetcher = HERE, rehearsal: bool = False, **more: object
) -> ToolOutput:
    context = alone(options={"allow": list(allow)}, rehearsal=rehearsal)
    return await http_get.tool(fetcher).run(context, {"url": url, **more})


SPELLINGS = [
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://017700000001:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://localhost.localdomain:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://１２７.0.0.1:{port}/",
    "http://127。0。0。1:{port}/",
    "http://ⓛocalhost:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://example.com@127.0.0.1:{port}/",
    "http://example.com:pw@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://example.com\\.127.0.0.1:{port}/",
    "http://example.com#@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#.example.com/",
    "http://127.0.0.1:{port}?.example.com/",
    "http://127%2e0%2e0%2e1:{port}/",
    "http://%6c%6f%63alhost:{port}/",
    "http:127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.0.1\n:{port}/",
    "http://127.0.0.1\0.example.com:{port}/",
    "HTTP://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "data:text/html,x",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
    "http://[fd00:ec2::254]/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://10.0.0.1/",
    "http://224.0.0.1/",
    "http://example.com:99999/",
    "http://example.com:{port}:80/",
    "http://",
    "http://.",
    "https://127.0.0.1:{port}/",
    "http://xn--/",
]


@pytest.mark.parametrize("url", SPELLINGS)
async def test_no_spelling_reaches_this_machine(web: WebServer, url: str) -> None:
    """With every host allowed, the usual resolver and the usual rules."""
    asked = url.format(port=web.port)
    allow = ("*", f"*:{web.port}", "localhost", f"127.0.0.1:{web.port}", "example.com")
    output = await get(asked, *allow, fetcher=Fetcher(deadline_s=5))
    assert output.is_error
    assert output.text.startswith(("Refused", "Error: It took longer")), output.text
    assert web.connections == 0


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "64:ff9b::7f00:1"],
)
async def test_a_name_that_leads_inside_is_not_asked(web: WebServer, address: str) -> None:
    async def inside(_: str) -> list[str]:
        return ["93.184.216.34", address]

    allow = f"evil.example:{web.port}"
    output = await get(f"http://evil.example:{web.port}/", allow, fetcher=Fetcher(resolve=inside))
    assert "not public" in output.text
    assert web.connections == 0


async def test_a_name_is_resolved_once_and_the_connection_goes_there(web: WebServer) -> None:
    """Rebinding: what the name leads to later does not matter, not even in the same request."""
    web.pages["/"] = Answer(body=b"home", headers={"Content-Type": "text/plain"})
    looked_up = []

    async def changing(name: str) -> list[str]:
        looked_up.append(name)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["10.0.0.1"]

    fetcher = Fetcher(resolve=changing, permit=lambda address: str(address) == "127.0.0.1")
    url = f"http://rebind.example:{web.port}/"
    assert "home" in (await get(url, f"rebind.example:{web.port}", fetcher=fetcher)).text
    assert looked_up == ["rebind.example"]
    assert web.asked[0].headers["host"] == f"rebind.example:{web.port}"
    assert "not public" in (await get(url, f"rebind.example:{web.port}", fetcher=fetcher)).text
    assert web.connections == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/secret",
        "http://localhost:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "http://other.example:{port}/secret",
        "http://a.example/secret",
        "http://user@a.example:{port}/secret",
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "http://[::1]:{port}/secret",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
async def test_a_redirect_is_looked_at_again(web: WebServer, location: str) -> None:
    to = location.format(port=web.port)
    web.pages["/"] = Answer(status=302, headers={"Location": to})

    async def names(name: str) -> list[str]:
        if name != "a.example":
            raise OSError
        return ["127.0.0.1"]

    permitted = Fetcher(resolve=names, permit=lambda _: True)
    url = f"http://a.example:{web.port}/"
    output = await get(url, f"a.example:{web.port}", fetcher=permitted)
    assert output.text.startswith("Refused: It redirects")
    assert [asked.path for asked in web.asked] == ["/"]


async def test_a_redirect_to_a_name_that_leads_inside(web: WebServer) -> None:
    to = f"http://b.example:{web.port}/secret"
    web.pages["/"] = Answer(status=307, headers={"Location": to})

    async def names(name: str) -> list[str]:
        return ["127.0.0.1"] if name == "a.example" else ["127.0.0.2"]

    fetcher = Fetcher(resolve=names, permit=lambda address: str(address) == "127.0.0.1")
    output = await get(f"http://a.example:{web.port}/", f"*:{web.port}", fetcher=fetcher)
    assert "not public" in output.text
    assert web.connections == 1


async def test_redirects_are_followed_and_end(web: WebServer) -> None:
    web.pages["/"] = Answer(status=301, headers={"Location": "/next?a=1&b=ä"})
    web.pages["/next"] = Answer(body=b"there", headers={"Content-Type": "text/plain"})
    web.pages["/round"] = Answer(status=302, headers={"Location": "/round"})
    allow = f"a.example:{web.port}"
    output = await get(f"http://A.Example.:{web.port}/#part", allow)
    assert output.text.endswith("there")
    assert output.data["redirects"] == [f"http://a.example:{web.port}/"]
    round_and_round = await get(f"http://a.example:{web.port}/round", allow)
    assert "redirects more than 5 times" in round_and_round.text


@pytest.mark.parametrize(
    ("host", "allow", "reached"),
    [
        ("a.example", "a.example:{port}", True),
        ("A.EXAMPLE.", "a.example:{port}", True),
        ("bücher.example", "xn--bcher-kva.example:{port}", True),
        ("x.a.example", "*.a.example:{port}", True),
        ("anything.example", "*:{port}", True),
        ("a.example", "*.a.example:{port}", False),
        ("x.a.example", "a.example:{port}", False),
        ("nota.example", "a.example:{port}", False),
        ("a.example.evil.example", "a.example:{port}", False),
        ("a.example", "a.example", False),
        ("a.example", "a.example:1", False),
    ],
)
async def test_which_hosts_an_entry_allows(
    web: WebServer, host: str, allow: str, reached: bool
) -> None:
    web.pages["/"] = Answer(body=b"hello", headers={"Content-Type": "text/plain"})
    output = await get(f"http://{host}:{web.port}/", allow.format(port=web.port))
    assert output.is_error is not reached, output.text
    assert web.connections == int(reached)


async def test_a_page_becomes_text_with_its_source(web: WebServer) -> None:
    page = (
        "<html><head><title>Fish &amp; chips</title><style>p{}</style></head><body>"
        "<script>alert('<p>no</p>')</script><h1>Menu</h1><p>Fish\nfor <b>two</b>.</p>"
        "<ul><li>Peas<li>Salt</ul><table><tr><td>1<td>2</table><!-- hidden --></body>"
    )
    web.pages["/menu"] = Answer(
        body=page.encode("latin-1"), headers={"Content-Type": "text/html; charset=latin-1"}
    )
    url = f"http://a.example:{web.port}/menu"
    output = await get(url, f"a.example:{web.port}")
    assert output.data["citations"] == [{"title": "Fish & chips", "url": url}]
    for line in ("Menu", "Fish for two.", "- Peas", "- Salt", "1 | 2"):
        assert line in output.text.splitlines()
    assert not any(word in output.text for word in ("alert", "p{}", "hidden"))
    raw = await get(url, f"a.example:{web.port}", raw=True)
    assert "<script>" in raw.text
    rest = await get(url, f"a.example:{web.port}", start=5)
    assert "\nFish for two." in rest.text
    assert "\nMenu" not in rest.text


async def test_what_is_no_text_is_not_shown(web: WebServer) -> None:
    web.pages["/x.png"] = Answer(body=b"\x89PNG\0", headers={"Content-Type": "image/png"})
    web.pages["/x"] = Answer(body=b"a\0b\xff")
    web.pages["/j"] = Answer(body=b'{"a": 1}', headers={"Content-Type": "application/ld+json"})
    start, allow = f"http://a.example:{web.port}", f"a.example:{web.port}"
    assert "5 bytes of image/png" in (await get(f"{start}/x.png", allow)).text
    assert "no text" in (await get(f"{start}/x", allow)).text
    assert '{"a": 1}' in (await get(f"{start}/j", allow)).text
    missing = await get(f"{start}/none", allow)
    assert missing.is_error
    assert missing.text.startswith("404")


@pytest.mark.parametrize("charset", ["utf-7", "raw_unicode_escape", "unicode_escape", "undefined"])
async def test_no_charset_makes_halves_of_characters(web: WebServer, charset: str) -> None:
    kind = f"text/plain; charset={charset}"
    web.pages["/"] = Answer(body=b"+2AA- \\ud800", headers={"Content-Type": kind})
    output = await get(f"http://a.example:{web.port}/", f"a.example:{web.port}")
    assert output.text.endswith("+2AA- \\ud800")


@pytest.mark.parametrize("packing", ["gzip", "deflate", "identity"])
async def test_a_packed_page_is_unpacked_and_a_bomb_is_cut(web: WebServer, packing: str) -> None:
    packs: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "identity": bytes,
    }
    pack = packs[packing]
    headers = {"Content-Type": "text/plain", "Content-Encoding": packing}
    web.pages["/small"] = Answer(body=pack(b"small and good"), headers=headers)
    web.pages["/bomb"] = Answer(body=pack(b"0" * (MAX_BYTES * 30)), headers=headers)
    start, allow = f"http://a.example:{web.port}", f"a.example:{web.port}"
    assert (await get(f"{start}/small", allow)).text.endswith("small and good")
    bomb = await get(f"{start}/bomb", allow)
    assert bomb.data["cut"] is True
    assert bomb.data["bytes"] == MAX_BYTES
    assert len(bomb.text) < 25_000


async def test_wrong_packing_is_an_error(web: WebServer) -> None:
    for name, packing in (("/br", "br"), ("/lie", "gzip"), ("/twice", "gzip, gzip")):
        web.pages[name] = Answer(body=b"not packed", headers={"Content-Encoding": packing})
        output = await get(f"http://a.example:{web.port}{name}", f"a.example:{web.port}")
        assert output.text.startswith("Error: ")


async def test_an_endless_page_ends(web: WebServer) -> None:
    web.pages["/fast"] = Answer(endless=b"x" * 65536, headers={"Content-Type": "text/plain"})
    web.pages["/slow"] = Answer(body=b"x", headers={"Content-Length": "100"})
    start, allow = f"http://a.example:{web.port}", f"a.example:{web.port}"
    assert (await get(f"{start}/fast", allow)).data["cut"] is True
    hasty = Fetcher(resolve=at_home, permit=lambda _: True, deadline_s=0.3)
    web.pages["/never"] = Answer(endless=b" ", headers={"Location": "x" * 70_000})
    for path in ("/slow", "/never"):
        assert (await get(f"{start}{path}", allow, fetcher=hasty)).text.startswith("Error: ")


async def test_names_and_certificates_belong_together(tmp_path: Path) -> None:
    """The connection goes to the looked-up address, the certificate must be for the name."""
    pem = self_signed(tmp_path, name="a.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    fetcher = Fetcher(
        resolve=at_home, permit=lambda _: True, tls=ssl.create_default_context(cafile=str(pem))
    )
    with WebServer(server) as web:
        web.pages["/"] = Answer(body=b"sealed", headers={"Content-Type": "text/plain"})
        right = await get(f"https://a.example:{web.port}/", f"*:{web.port}", fetcher=fetcher)
        assert right.text.endswith("sealed")
        wrong = await get(f"https://b.example:{web.port}/", f"*:{web.port}", fetcher=fetcher)
        assert "No answer from b.example" in wrong.text


async def test_a_rehearsal_fetches_nothing(web: WebServer) -> None:
    url, allow = f"http://a.example:{web.port}/", f"a.example:{web.port}"
    assert "Rehearsal" in (await get(url, allow, rehearsal=True)).text
    assert (await get("http://127.0.0.1/", allow, rehearsal=True)).is_error
    assert web.connections == 0


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, "roles.lead.tools.0.options.allow"),
        ({"allow": []}, "roles.lead.tools.0.options.allow"),
        ({"allow": ["example.com", "127.0.0.1"]}, "roles.lead.tools.0.options.allow.1"),
        ({"allow": ["http://example.com"]}, "roles.lead.tools.0.options.allow.0"),
        ({"allow": ["*.example.com", "*", "a.example:8443"]}, None),
    ],
)
def test_the_document_names_the_hosts(options: dict[str, object], where: str | None) -> None:
    document = desk(lead={"tools": [{"name": "http_get", "options": options}]})
    problems = crew_lint(CrewSpec.model_validate(document), catalog())
    assert [p.path for p in problems if p.severity == "error"] == ([where] if where else [])
