"""Crops of labelled pages at the size in which the network sees them, and what it should answer."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from baselines.omr.recogniser.symbols import INTERLINE_PX, KINDS, OFFSETS, PROPERTIES, STRIDE, STROKES
from baselines.omr.recogniser.training.labels import LARGE, LabelledPage

HEIGHT_PX, WIDTH_PX = 352, 512
"""Of a crop: a grand staff is about 200 px high."""

SPREAD_CELLS = 0.8
"""Standard deviation of a mark around a symbol's centre."""

_THIN = 2.5
"""A stem is half a cell wide; a cell that it goes through is to be marked."""

_REACH = 2
"""Cells around a symbol's centre in which it is marked and described."""


@dataclass(frozen=True, eq=False)
class Crop:
    """What the network sees, and what it should say, cell by cell.

    Attributes:
        ink: (HEIGHT_PX, WIDTH_PX) float32, 0 paper to 1 ink.
        kinds: (KINDS, h, w) float32, 1 at centres.
        strokes: (STROKES, h, w) float32, the share of each cell that is covered.
        properties: (PROPERTIES, h, w) int64, -1 where nothing is to be said.
        offsets: (OFFSETS, h, w) float32, NaN where nothing is to be said.
    """

    ink: NDArray[np.float32]
    kinds: NDArray[np.float32]
    strokes: NDArray[np.float32]
    properties: NDArray[np.int64]
    offsets: NDArray[np.float32]


def crop(page: LabelledPage, random: np.random.Generator) -> Crop:
    """A crop of ``page`` around one of its symbols, at a size that is a little off, and with changed ink."""
    interline = float(random.choice(page.interline_px))
    scale = INTERLINE_PX / interline * random.uniform(0.93, 1.07)
    at = page.symbols[random.integers(len(page.symbols))] if page.symbols else None
    x, y = (at.x, at.y) if at else (400.0, 500.0)
    left = x - random.uniform(0.1, 0.9) * WIDTH_PX / scale
    top = y - random.uniform(0.1, 0.9) * HEIGHT_PX / scale
    ink = _changed(_cut(page, left, top, scale, random), random)
    seen = _seen(page, left, top, scale)
    return Crop(ink, *_marks(seen, left, top, scale), *_said(seen, left, top, scale))


def _seen(page: LabelledPage, left: float, top: float, scale: float) -> LabelledPage:
    """``page`` with those symbols only that are on the crop, or just beside it."""
    margin = 8 / scale
    right, bottom = left + WIDTH_PX / scale + margin, top + HEIGHT_PX / scale + margin
    near = tuple(s for s in page.symbols if left - margin < s.x < right and top - margin < s.y < bottom)
    return replace(page, symbols=near)


def _cut(page: LabelledPage, left: float, top: float, scale: float, random: np.random.Generator) -> NDArray[np.float32]:
    """The picture, from that of the page's own size as a rule, else from the sharper one."""
    picture = Image.fromarray(page.picture)
    factor = LARGE if random.random() < 0.15 else 1
    box = (left, top, left + WIDTH_PX / scale, top + HEIGHT_PX / scale)
    margin = 8
    outer = tuple(int(np.floor(box[i])) - margin if i < 2 else int(np.ceil(box[i])) + margin for i in range(4))
    part = _on_paper(picture, outer)
    part = part.resize(((outer[2] - outer[0]) * factor, (outer[3] - outer[1]) * factor), Image.Resampling.BOX)
    x0, y0, x1, y1 = ((box[i] - outer[i % 2]) * factor for i in range(4))
    scaled = part.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC, box=(x0, y0, x1, y1))
    return (1 - np.asarray(scaled, np.float32) / 255).astype(np.float32)


def _on_paper(picture: Image.Image, outer: tuple[int, ...]) -> Image.Image:
    """The part of the large ``picture`` within ``outer`` (pixels of the page), paper beyond its edges."""
    left, top, right, bottom = (v * LARGE for v in outer)
    paper = Image.new("L", (right - left, bottom - top), 255)
    paper.paste(picture, (-left, -top))
    return paper


def _changed(ink: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Fainter or stronger ink, a little noise, sometimes upside down in nothing: the order of music stays."""
    gain, power = random.uniform(0.8, 1.2), random.uniform(0.75, 1.35)
    noise = random.normal(0, random.uniform(0, 0.03), ink.shape)
    return np.clip(gain * np.clip(ink, 0, 1) ** power + noise, 0, 1).astype(np.float32)


def _marks(
    page: LabelledPage, left: float, top: float, scale: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    height, width = HEIGHT_PX // STRIDE, WIDTH_PX // STRIDE
    kinds = np.zeros((len(KINDS), height, width), np.float32)
    for symbol in page.symbols:
        column, row = (symbol.x - left) * scale / STRIDE - 0.5, (symbol.y - top) * scale / STRIDE - 0.5
        rows, columns = _around(row, height), _around(column, width)
        if len(rows) and len(columns):
            squares = (rows - row)[:, None] ** 2 + (columns - column)[None] ** 2
            mark = np.exp(-squares / (2 * SPREAD_CELLS**2))
            if round(row) in rows and round(column) in columns:
                mark[round(row) - rows[0], round(column) - columns[0]] = 1
            part = kinds[KINDS.index(symbol.kind), rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            np.maximum(part, mark, out=part)
    return kinds, _strokes(page, left, top, scale)


def _around(at: float, size: int) -> NDArray[np.int64]:
    return np.arange(max(0, round(at) - _REACH), min(size, round(at) + _REACH + 1))


def _strokes(page: LabelledPage, left: float, top: float, scale: float) -> NDArray[np.float32]:
    """Drawn at the size of the picture, then averaged."""
    layers = [Image.new("L", (WIDTH_PX, HEIGHT_PX)) for _ in STROKES]
    pens = [ImageDraw.Draw(layer) for layer in layers]
    for stroke in page.strokes:
        points = (stroke.outline - (left, top)) * scale
        low, high = points.min(axis=0), points.max(axis=0)
        if high[0] < 0 or high[1] < 0 or low[0] > WIDTH_PX or low[1] > HEIGHT_PX:
            continue
        pen, corners = pens[STROKES.index(stroke.kind)], [(float(x), float(y)) for x, y in points]
        if len(corners) > 2:
            pen.polygon(corners, fill=255, outline=255)
        else:
            pen.line(corners, fill=255, width=2)
    full = np.stack([np.asarray(layer, np.float32) for layer in layers]) / 255
    shape = (len(STROKES), HEIGHT_PX // STRIDE, STRIDE, WIDTH_PX // STRIDE, STRIDE)
    averaged = full.reshape(shape).mean(axis=(2, 4))
    thin = np.array([1.0 if kind == "beam" else _THIN for kind in STROKES], np.float32)[:, None, None]
    marked: NDArray[np.float32] = np.clip(thin * averaged, 0, 1)
    return marked


def _said(page: LabelledPage, left: float, top: float, scale: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    height, width = HEIGHT_PX // STRIDE, WIDTH_PX // STRIDE
    said = np.full((len(PROPERTIES), height, width), -1, np.int64)
    offsets = np.full((len(OFFSETS), height, width), np.nan, np.float32)
    nearest = np.full((height, width), np.inf)
    for symbol in page.symbols:
        column, row = (symbol.x - left) * scale / STRIDE - 0.5, (symbol.y - top) * scale / STRIDE - 0.5
        rows, columns = _around(row, height), _around(column, width)
        if not len(rows) or not len(columns):
            continue
        distance = (rows - row)[:, None] ** 2 + (columns - column)[None] ** 2
        at_rows, at_columns = np.nonzero((distance < nearest[rows][:, columns]) & (distance <= 1.6**2))
        r, c = rows[at_rows], columns[at_columns]
        nearest[r, c] = distance[at_rows, at_columns]
        offsets[0, r, c], offsets[1, r, c] = column - c, row - r
        offsets[2, r, c] = np.nan if symbol.column is None else symbol.column
        said[:, r, c] = np.array([-1] * len(PROPERTIES) if symbol.says is None else list(symbol.says.values()))[:, None]
    return said, offsets
