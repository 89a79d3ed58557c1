"""A page with its truth drawn over it, to be looked at."""

import colorsys

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from scorebench.score import Page, Recording

ZOOM = 2
"""The picture is this much larger than the page, so that marks do not hide the notes."""

_SYSTEM_COLOUR = (200, 30, 30)
_BAR_COLOUR = (110, 110, 110)
_TICK_ABOVE_PX = 9


def draw_page(recording: Recording, index: int, bars: bool = False) -> Image.Image:
    """Page ``index`` with its systems (boxes), onsets (ticks, blue at the first to red at the last) and noteheads.

    Args:
        bars: also draw bar lines and numbers.
    """
    page = recording.pages[index]
    size = (page.image.shape[1] * ZOOM, page.image.shape[0] * ZOOM)
    picture = Image.fromarray(page.image).convert("RGB").resize(size)
    draw = ImageDraw.Draw(picture, "RGBA")
    _draw_boxes(draw, page, bars)
    onsets = recording.onsets()
    onsets = onsets[onsets["page"] == index]
    _draw_onsets(draw, onsets, page)
    notes = recording.notes[(recording.notes["page"] == index) & recording.notes["y_px"].notna()]
    for note in notes.itertuples():
        colour = (0, 160, 0) if note.onset_s == note.onset_s else (255, 0, 255)  # NaN: printed, not played
        _dot(draw, note.x_px, note.y_px, colour)
    return picture


def _draw_boxes(draw: ImageDraw.ImageDraw, page: Page, bars: bool) -> None:
    if bars and page.bars is not None:
        for bar in page.bars.itertuples():
            draw.rectangle(_corners(bar), outline=_BAR_COLOUR)
            left, top, _, _ = _corners(bar)
            draw.text((left + 2, top - 14), str(bar.bar), fill=_BAR_COLOUR)
    for system in page.systems.itertuples():
        draw.rectangle(_corners(system), outline=_SYSTEM_COLOUR, width=2)


def _draw_onsets(draw: ImageDraw.ImageDraw, onsets: pd.DataFrame, page: Page) -> None:
    first, last = (onsets["onset_s"].min(), onsets["onset_s"].max()) if len(onsets) else (0.0, 1.0)
    half = page.systems.set_index("system")["h_px"] / 2
    for onset in onsets.itertuples():
        share = (onset.onset_s - first) / max(last - first, 1e-9)
        colour = tuple(int(255 * c) for c in colorsys.hsv_to_rgb(0.66 * (1 - share), 1, 0.9))
        x = onset.x_px * ZOOM
        top, bottom = (onset.y_px - half[onset.system]) * ZOOM, (onset.y_px + half[onset.system]) * ZOOM
        draw.line((x, top - _TICK_ABOVE_PX * ZOOM, x, top), fill=colour, width=2)
        draw.line((x, top, x, bottom), fill=(*colour, 90), width=1)


def _corners(box: object) -> tuple[float, float, float, float]:
    x, y, w, h = (float(getattr(box, name)) for name in ("x_px", "y_px", "w_px", "h_px"))
    return tuple(np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) * ZOOM)


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float, colour: tuple[int, int, int]) -> None:
    x, y = x * ZOOM, y * ZOOM
    draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
