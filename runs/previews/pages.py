"""The pages that a preview's front shows itself, when there is nothing to show of the service."""

from dataclasses import dataclass

from django.template.loader import render_to_string

from sandbox.http_head import Head


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a preview cannot be shown. `again_s`: the page looks again after so many seconds."""

    status: int
    reason: str
    title: str
    text: str
    again_s: int = 0


class NotShown(Exception):
    """A preview cannot be shown, and a page says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


NO_SEAT = Problem(
    403,
    "Forbidden",
    "Open this preview from its run",
    "Links into a preview work for five minutes, in the browser that opens them. Go to the page of"
    " the run and choose “Open preview”.",
)
FOREIGN = Problem(
    403,
    "Forbidden",
    "Another page asked for this",
    "Only the pages of a preview may call it. Open it from the page of the run.",
)
NOT_THERE = Problem(
    404, "Not Found", "There is no such preview", "Go to the page of the run and open it there."
)
OVER = Problem(
    410,
    "Gone",
    "This preview is over",
    "A sandbox lives on for half an hour after its run has ended, and this one has ended. Start the"
    " run again to see it anew.",
)
GONE = Problem(
    502,
    "Bad Gateway",
    "The sandbox of this preview is gone",
    "It was ended, or the machine it was on is not running. If the run goes on, its service may"
    " come back; this page looks again.",
    again_s=5,
)
NOT_LISTENING = Problem(
    502,
    "Bad Gateway",
    "Nothing answers in the sandbox",
    "The service is not running, or not yet. This page looks again until it is.",
    again_s=3,
)
NO_WORKER = Problem(
    503,
    "Service Unavailable",
    "No worker holds this preview now",
    "The worker that had it may just be restarting; another one takes over. This page looks again.",
    again_s=3,
)
BROKEN = Problem(
    502,
    "Bad Gateway",
    "The service’s answer cannot be shown",
    "What came from the sandbox is no HTTP. Check that the service speaks HTTP on this port.",
)
HANGS = Problem(
    504,
    "Gateway Timeout",
    "The service hangs",
    "It took the request half a minute ago and has not begun to answer. Try again, or look at its"
    " output on the page of the run.",
)
FULL = Problem(
    503,
    "Service Unavailable",
    "Too many connections to this preview",
    "Close other tabs that show it, then try again.",
)
BAD_REQUEST = Problem(400, "Bad Request", "The request is not HTTP", "Nothing was passed on.")


def page(problem: Problem, *, body: bool = True) -> bytes:
    """Return a whole response that says what is wrong."""
    html = render_to_string("previews/problem.html", {"problem": problem}).encode()
    head = Head(status=problem.status, reason=problem.reason)
    head.fields = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-length", str(len(html))),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("connection", "close"),
    ]
    return head.pack() + (html if body else b"")


def redirect(cookie: str) -> bytes:
    """Return the response that gives somebody a seat and sends them in."""
    head = Head(status=303, reason="See Other")
    head.fields = [
        ("location", "/"),
        ("set-cookie", cookie),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("content-length", "0"),
        ("connection", "close"),
    ]
    return head.pack()
