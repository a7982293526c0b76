"""The text of HTML, as a reader needs it: without markup, scripts and styles."""

import html
import re
from typing import Final

import nh3

MAX_CHARS: Final = 2_000_000
_LINES: Final = {
    *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption"),
    *("figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav"),
    *("ol", "p", "pre", "section", "table", "tr", "ul"),
}
_CELLS: Final = {"td", "th"}
_UNSHOWN: Final = {"script", "style", "noscript", "template", "svg", "iframe", "object", "title"}
_TAG: Final = re.compile(r"<(/?)([a-z0-9]+)[^<>]*>")
_SPACES: Final = re.compile(r"[^\S\n]+")
_BLANKS: Final = re.compile(r" ?\n[ \n]*\n ?")


def html_text(markup: str) -> tuple[str, str]:
    """Return a page's title and its text, a line for each block, `- ` before items of lists.

    The parser is a browser's, so what is hidden from it by broken markup is hidden from all.
    """
    markup = markup[:MAX_CHARS]
    clean = nh3.clean(
        markup,
        tags=_LINES | _CELLS,
        clean_content_tags=_UNSHOWN,
        attributes={},
        link_rel=None,
    )
    text = html.unescape(_TAG.sub(_mark, clean.replace("\n", " ")))
    text = _BLANKS.sub("\n\n", _SPACES.sub(" ", text.replace("\xa0", " ")))
    lines = (line.strip() for line in text.split("\n"))
    return _title(markup), "\n".join(lines).strip()


def _mark(tag: re.Match[str]) -> str:
    closing, name = tag.groups()
    if name in _CELLS:
        return " | " if closing else ""
    if name == "li":
        return "\n" if closing else "\n- "
    if name.startswith("h") and len(name) == 2:
        return "\n\n"
    return "\n\n" if name in ("p", "table", "ul", "ol", "section", "article") else "\n"


def _title(markup: str) -> str:
    low = markup[:200_000].lower()
    start = low.find(">", low.find("<title")) + 1 if "<title" in low else 0
    end = low.find("</title", start)
    if not start or end < 0:
        return ""
    return " ".join(html.unescape(markup[start:end]).split())[:300]
