"""What a preview's service may not tell browsers."""

from runs.previews.heads import toward_browser
from sandbox.http_head import Head


def test_a_service_cannot_clear_or_bind_what_is_not_its_own() -> None:
    fields = [
        ("clear-site-data", '"cookies", "storage"'),
        ("strict-transport-security", "max-age=9; includeSubDomains"),
        ("set-cookie", "a=1; Domain=example.com; Path=/"),
        ("set-cookie", "callsheet_preview=forged"),
        ("content-type", "text/html"),
    ]
    head = Head(status=200, reason="OK", fields=fields)
    origin = "https://p1.previews.example.com"
    toward_browser(head, origin=origin, port=8000, hosts=(), alone=True)
    assert head.all("set-cookie") == ["a=1; Path=/"]
    assert head.get("content-type") == "text/html"
    assert not head.all("clear-site-data")
    assert not head.all("strict-transport-security")
