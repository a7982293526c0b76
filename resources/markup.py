"""The text of HTML, as a reader needs it: without markup, scripts and styles.

Pages come from anybody, so this reads them once from the front to the end and builds no tree: a
browser's parser takes time and memory beyond all bounds for some pages of a few kilobytes.
"""

import html
import re
from string import ascii_lowercase, ascii_uppercase
from typing import Final

_LINES: Final = {
    *("address", "br", "dd", "div", "dl", "dt", "figcaption", "figure", "footer", "form"),
    *("header", "hr", "li", "main", "nav", "option", "pre", "tr"),
}
_PARAGRAPHS: Final = {
    *("article", "aside", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "section"),
    *("table", "ul"),
}
_UNSHOWN: Final = {
    *("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "title"),
    *("textarea", "select", "canvas", "video", "audio"),
}
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,40})")
# Where a tag ends, or a value in quotes begins.
_STOPS: Final = re.compile(r">|=\s*(?P<quote>[\"'])")
_SMALL: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_SPACES: Final = re.compile(r"\s+")
_LINE: Final = "\x01"
_PARAGRAPH: Final = "\x02"
_BREAKS: Final = re.compile(r"[ \x01\x02]*[\x01\x02][ \x01\x02]*")


def html_text(markup: str) -> tuple[str, str]:
    """Return a page's title and its text: a line for each block, `- ` before items of lists."""
    markup = markup.replace(_LINE, " ").replace(_PARAGRAPH, " ")
    # Other capitals may have another number of small letters, and every place would be off.
    low = markup.translate(_SMALL)
    parts: list[str] = []
    title = ""
    place = 0
    while (start := markup.find("<", place)) >= 0:
        parts.append(markup[place:start])
        found = _TAG.match(markup, start)
        if found is None:
            place = _past_other(markup, start)
            if place == start + 1:
                parts.append("<")
            continue
        name, closing = found[2].lower(), bool(found[1])
        place = _past_tag(markup, found.end())
        if name in _UNSHOWN and not closing:
            end = low.find(f"</{name}", place)
            end = len(markup) if end < 0 else end
            if name == "title" and not title:
                title = " ".join(html.unescape(markup[place:end]).split())[:300]
            place = end
        else:
            parts.append(_mark(name, closing=closing))
    parts.append(markup[place:])
    return title, _laid_out("".join(parts))


def _past_other(markup: str, start: int) -> int:
    """Return where a comment or declaration ends; a mere `<` is one character."""
    if markup.startswith("<!--", start):
        end = markup.find("-->", start + 4)
        return len(markup) if end < 0 else end + 3
    if markup.startswith(("<!", "<?", "</"), start):
        end = markup.find(">", start)
        return len(markup) if end < 0 else end + 1
    return start + 1


def _past_tag(markup: str, place: int) -> int:
    while (stop := _STOPS.search(markup, place)) is not None:
        if stop["quote"] is None:
            return stop.end()
        place = markup.find(stop["quote"], stop.end()) + 1
        if not place:
            break
    return len(markup)


def _mark(name: str, *, closing: bool) -> str:
    if name in ("td", "th"):
        return "" if closing else " | "
    if name == "li" and not closing:
        return f"{_LINE}- "
    if name in _PARAGRAPHS:
        return _PARAGRAPH
    return _LINE if name in _LINES else ""


def _laid_out(text: str) -> str:
    text = _SPACES.sub(" ", html.unescape(text).replace("\xa0", " "))
    text = _BREAKS.sub(lambda found: "\n\n" if _PARAGRAPH in found[0] else "\n", text)
    return text.replace("\n| ", "\n").replace("\n\n- ", "\n- ").strip()
