"""A page with its truth, or with how it was followed, drawn over it, to be looked at."""

import colorsys

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scorebench.score import Page, Recording

ZOOM = 2
"""The picture is this much larger than the page, so that marks do not hide the notes."""

_SYSTEM_COLOUR = (200, 30, 30)
_BAR_COLOUR = (110, 110, 110)
_HEAD_COLOUR = (0, 160, 0)
_UNPLAYED_COLOUR = (255, 0, 255)
_VERDICT_COLOURS = {"tracked": (0, 150, 0), "ahead": (240, 140, 0), "behind": (240, 140, 0), "unanswered": (0, 0, 0)}
_TICK_ABOVE_PX = 9


def draw_page(recording: Recording, index: int, bars: bool = False) -> Image.Image:
    """Page ``index`` with its systems (boxes), onsets (ticks, blue at the first to red at the last) and noteheads.

    Args:
        bars: also draw bar lines and numbers.
    """
    page = recording.pages[index]
    picture = _enlarged(page.image)
    draw = ImageDraw.Draw(picture, "RGBA")
    _draw_boxes(draw, page, bars)
    onsets = recording.onsets()
    onsets = onsets[onsets["page"] == index]
    _draw_onsets(draw, onsets, page)
    notes = recording.notes[(recording.notes["page"] == index) & recording.notes["y_px"].notna()]
    for x, y, onset_s in notes[["x_px", "y_px", "onset_s"]].to_numpy():
        _dot(draw, x, y, _UNPLAYED_COLOUR if np.isnan(onset_s) else _HEAD_COLOUR)
    return picture


def draw_verdicts(page: Page, judged: pd.DataFrame, ink: bool = True) -> Image.Image:
    """A page with a line from each onset (a tick over its system) to the answer (a dot).

    Green where it was tracked, orange on the right system but early or late, red on another, black where there was no
    answer.

    Args:
        judged: the rows of ``failures.judge`` of this page.
        ink: whether the page itself is shown.
    """
    picture = _enlarged(page.image if ink else np.full_like(page.image, 255))
    draw = ImageDraw.Draw(picture, "RGBA")
    _draw_boxes(draw, page, bars=False)
    boxes = dict(zip(page.systems["system"], _corners(page.systems), strict=True))
    for verdict, system, true_x, x, y in judged[["verdict", "system", "true_x_px", "x_px", "y_px"]].to_numpy():
        colour, top = _VERDICT_COLOURS.get(verdict, (220, 0, 0)), boxes[system][1]
        draw.line((true_x * ZOOM, top - _TICK_ABOVE_PX * ZOOM, true_x * ZOOM, top), fill=colour, width=2)
        if verdict != "unanswered":
            draw.line((true_x * ZOOM, top, x * ZOOM, y * ZOOM), fill=(*colour, 120), width=1)
            _dot(draw, x, y, colour)
    return picture


def _enlarged(image: NDArray[np.uint8]) -> Image.Image:
    height, width = image.shape
    return Image.fromarray(image).convert("RGB").resize((width * ZOOM, height * ZOOM))


def _draw_boxes(draw: ImageDraw.ImageDraw, page: Page, bars: bool) -> None:
    if bars and page.bars is not None:
        for number, box in zip(page.bars["bar"], _corners(page.bars), strict=True):
            draw.rectangle(box, outline=_BAR_COLOUR)
            draw.text((box[0] + 2, box[1] - 14), str(number), fill=_BAR_COLOUR)
    for box in _corners(page.systems):
        draw.rectangle(box, outline=_SYSTEM_COLOUR, width=2)


def _draw_onsets(draw: ImageDraw.ImageDraw, onsets: pd.DataFrame, page: Page) -> None:
    if not len(onsets):
        return
    boxes = dict(zip(page.systems["system"], _corners(page.systems), strict=True))
    time = onsets["onset_s"].to_numpy()
    shares = (time - time.min()) / max(float(np.ptp(time)), 1e-9)
    for share, x, system in zip(shares, onsets["x_px"] * ZOOM, onsets["system"], strict=True):
        red, green, blue = (int(255 * c) for c in colorsys.hsv_to_rgb(0.66 * (1 - share), 1, 0.9))
        _, top, _, bottom = boxes[system]
        draw.line((x, top - _TICK_ABOVE_PX * ZOOM, x, top), fill=(red, green, blue), width=2)
        draw.line((x, top, x, bottom), fill=(red, green, blue, 90), width=1)


def _corners(boxes: pd.DataFrame) -> list[tuple[float, float, float, float]]:
    """left, top, right, bottom of each box, in pixels of the picture."""
    x, y, w, h = (boxes[name].to_numpy() * ZOOM for name in ("x_px", "y_px", "w_px", "h_px"))
    return list(zip(x - w / 2, y - h / 2, x + w / 2, y + h / 2, strict=True))


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float, colour: tuple[int, int, int]) -> None:
    x, y = x * ZOOM, y * ZOOM
    draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
