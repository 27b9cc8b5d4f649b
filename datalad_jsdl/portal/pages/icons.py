"""The icons: 16 units square, drawn in lines."""

from __future__ import annotations

from markupsafe import Markup

__all__ = ["icon"]

_SHAPES = {
    "alert": '<path d="M8 2L1.75 13.5h12.5z"/><path d="M8 6.5v3M8 11.6v.1"/>',
    "big": '<rect x="5.5" y="2" width="5" height="12" rx="1"/><path d="M1.5 8h2.5M12 8h2.5"/>',
    "brand": '<path d="M2 3.5h12M2 8h12M2 12.5h7"/><path d="M12 10.5v4M10.4 13l1.6 1.6 1.6-1.6"/>',
    "check": '<circle cx="8" cy="8" r="6.25"/><path d="M5 8.2l2.1 2.1L11 6"/>',
    "clock": '<circle cx="8" cy="8" r="6.25"/><path d="M8 4.5V8l2.3 1.6"/>',
    "copy": (
        '<rect x="5.5" y="5.5" width="8" height="8.5" rx="1"/><path d="M3.5 10.5h-1v-8.5h8v1.5"/>'
    ),
    "cross": '<circle cx="8" cy="8" r="6.25"/><path d="M5.75 5.75l4.5 4.5M10.25 5.75l-4.5 4.5"/>',
    "doc": '<path d="M4 1.75h5.5L12.5 5v9.25h-8.5z"/><path d="M6 8h4.5M6 11h4.5"/>',
    "dot": '<circle cx="8" cy="8" r="6.25"/>',
    "down": '<path d="M8 2v8.5M4.5 7.25L8 10.75l3.5-3.5M2.5 14h11"/>',
    "file": '<path d="M4 1.75h5.5L12.5 5v9.25H4z"/><path d="M9.25 2v3.25h3"/>',
    "folder": '<path d="M1.75 3.5h4.5l1.5 2h6.5v8H1.75z"/>',
    "lock": ('<rect x="3" y="7" width="10" height="7" rx="1"/><path d="M5 7V5a3 3 0 016 0v2"/>'),
    "run": (
        '<circle cx="8" cy="8" r="6.25" stroke-dasharray="3 2"/><path d="M8 5v5M6 8.2L8 10.2l2-2"/>'
    ),
    "search": '<circle cx="7" cy="7" r="4.75"/><path d="M10.5 10.5l3.75 3.75"/>',
    "sort": '<path d="M5 6l3-3 3 3M5 10l3 3 3-3"/>',
    "down-sorted": '<path d="M8 13V3M4.5 9.5L8 13l3.5-3.5"/>',
    "up-sorted": '<path d="M8 3v10M4.5 6.5L8 3l3.5 3.5"/>',
    "user": '<circle cx="8" cy="5.25" r="2.75"/><path d="M2.75 14c.5-6 10-6 10.5 0"/>',
}


def icon(name: str) -> Markup:
    """An icon; the word beside it says what it means."""
    # the shapes are those above, and so they are safe
    return Markup(  # noqa: S704
        f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{_SHAPES[name]}</svg>'
    )
