"""Pictures of pages: to be read, and with what was read drawn over them, to be looked at."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from scorebench.errors import DataError
from scorebench.omr import Reading, rows_of

_SYSTEM_COLOUR = (200, 30, 30)
_BAR_COLOUR = (40, 90, 220)
_HEAD_COLOUR = (0, 140, 0)
_TIED_COLOUR = (220, 120, 0)
_HEAD_PX = 9
"""Radius of a mark."""
_WIDTH_PX = 2500
"""Smaller pages are enlarged to about this width, so that names can be read between the notes."""
_FADED = 90
"""Opacity, of 255, of a notehead that was read with confidence 0."""


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture in ``path`` as a page: (height, width) uint8, 0 black, 255 white; what is transparent is white.

    Raises:
        DataError: it is no picture, or a damaged or huge one.
    """
    try:
        bomb = Image.DecompressionBombWarning
        with warnings.catch_warnings(action="error", category=bomb), Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            if upright.mode.startswith("I"):  # 16 bits, which Pillow would clip
                return (np.asarray(upright).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
            whole = upright.convert("RGBA")
            paper = Image.new("RGBA", whole.size, "white")
            return np.asarray(Image.alpha_composite(paper, whole).convert("L"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(
            f"{path}: too large for a page ({error}); make it smaller, 2500 pixels wide is plenty"
        ) from error
    except (OSError, SyntaxError, ValueError) as error:  # SyntaxError: what Pillow says of a damaged PNG
        raise DataError(f"{path}: not a picture that can be read ({error}); give a PNG, JPEG or TIFF") from error


def draw_reading(page: NDArray[np.uint8], reading: Reading) -> Image.Image:
    """``page``, (height, width) uint8, with what was read: systems, bar lines, and noteheads with their names.

    Green heads sound; orange ones are right ends of ties. What was read with less confidence is fainter. Bars bear
    their number, their length in quarters, and signs of repeats that begin or end with them.
    """
    zoom = max(1, round(_WIDTH_PX / page.shape[1]))
    size = (page.shape[1] * zoom, page.shape[0] * zoom)
    picture = Image.fromarray(page).convert("RGB").resize(size)
    draw = ImageDraw.Draw(picture, "RGBA")
    boxes = reading.systems.set_index("system")[["x_px", "y_px", "w_px", "h_px"]] * zoom
    for x, y, w, h in boxes.to_numpy():
        draw.rectangle((x - w / 2, y - h / 2, x + w / 2, y + h / 2), outline=_SYSTEM_COLOUR, width=2)
    bars, heads = ["left_px", "right_px"], ["x_px", "y_px"]
    _draw_bars(draw, reading.measures.assign(**(reading.measures[bars] * zoom)), boxes)
    _draw_heads(draw, reading.notes.assign(**(reading.notes[heads] * zoom)))
    return picture


def _draw_bars(draw: ImageDraw.ImageDraw, measures: pd.DataFrame, boxes: pd.DataFrame) -> None:
    for bar in rows_of(measures):
        box = boxes.loc[bar.system]
        top, bottom = box["y_px"] - box["h_px"] / 2, box["y_px"] + box["h_px"] / 2
        for x in (bar.left_px, bar.right_px):
            draw.line((x, top, x, bottom), fill=_BAR_COLOUR, width=2)
        signs = ("|:" if bar.repeat_begins else "", ":|" if bar.repeat_ends else "")
        text = f"{bar.measure + 1}: {bar.duration_quarters:.4g} {' '.join(signs)}"
        draw.text((bar.left_px + 4, top - 22), text, fill=_BAR_COLOUR, font_size=18)


def _draw_heads(draw: ImageDraw.ImageDraw, notes: pd.DataFrame) -> None:
    for note in rows_of(notes):
        x, y = note.x_px, note.y_px
        opacity = round(_FADED + (255 - _FADED) * note.confidence)
        colour = (*(_TIED_COLOUR if note.tied else _HEAD_COLOUR), opacity)
        draw.ellipse((x - _HEAD_PX, y - _HEAD_PX, x + _HEAD_PX, y + _HEAD_PX), outline=colour, width=2)
        draw.text((x + _HEAD_PX + 3, y - 8), note.spelling, fill=colour, font_size=15)
