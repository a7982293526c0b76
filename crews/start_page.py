"""What other apps add to the start page, so that crews need not import them."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest
from django.utils.safestring import SafeString

# A panel is the HTML of a section of the page, "" when there is nothing to show.
Panel = Callable[[HttpRequest], SafeString]
_PANELS: Final[list[Panel]] = []


def panel_register(panel: Panel) -> Panel:
    """Add a section to the start page; called when the apps are ready."""
    _PANELS.append(panel)
    return panel


def panel_remove(panel: Panel) -> None:
    _PANELS.remove(panel)


def panels_for(request: HttpRequest) -> list[SafeString]:
    return [html for panel in _PANELS if (html := panel(request))]
