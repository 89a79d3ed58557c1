"""Labelled pages on disk: one npz a page, of plain arrays."""

from pathlib import Path

import numpy as np

from baselines.omr.recogniser.symbols import KINDS, PROPERTIES, STROKES
from baselines.omr.recogniser.training.labels import LabelledPage, Stroke, Symbol


def put(path: Path, page: LabelledPage) -> None:
    """Write ``page``."""
    rows = [
        (KINDS.index(s.kind), s.x, s.y, np.nan if s.column is None else s.column, *(s.says or {}).values())
        if s.says
        else (KINDS.index(s.kind), s.x, s.y, np.nan, *[-1] * len(PROPERTIES))
        for s in page.symbols
    ]
    lengths = [len(s.outline) for s in page.strokes]
    np.savez_compressed(
        path,
        picture=page.picture,
        interline_px=np.array(page.interline_px),
        symbols=np.array(rows, np.float64).reshape(-1, 4 + len(PROPERTIES)),
        stroke_kinds=np.array([STROKES.index(s.kind) for s in page.strokes], np.int64),
        stroke_lengths=np.array(lengths, np.int64),
        outlines=np.vstack([np.zeros((0, 2)), *(s.outline for s in page.strokes)]),
    )


def take(path: Path) -> LabelledPage:
    """Read what ``put`` wrote."""
    with np.load(path, allow_pickle=False) as held:
        ends = np.cumsum(held["stroke_lengths"])[:-1]
        outlines = np.split(held["outlines"], ends) if len(held["stroke_lengths"]) else []
        strokes = [Stroke(STROKES[k], o) for k, o in zip(held["stroke_kinds"], outlines, strict=True)]
        symbols = [_symbol(row) for row in held["symbols"]]
        return LabelledPage(held["picture"], tuple(held["interline_px"]), tuple(symbols), tuple(strokes))


def _symbol(row: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Symbol:
    kind, x, y, column = int(row[0]), float(row[1]), float(row[2]), float(row[3])
    said = dict(zip(PROPERTIES, (int(v) for v in row[4:]), strict=True)) if row[4] >= 0 else None
    return Symbol(KINDS[kind], x, y, said, None if np.isnan(column) else column)
