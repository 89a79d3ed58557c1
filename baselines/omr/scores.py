"""How well an engine reads pages whose notes are known: python -m baselines.omr.scores DATASET SPLIT.

A note that was read lies on a true one where their centres are within half an interline of each other, in x and in
y. Heads at the right end of a tie are left out: they do not sound, and the truth has none.

- head F1: notes that lie on one another, whatever was read of them.
- pitch F1: of those, notes of equal pitch. (Pitches as read, rhythm as it is.)
- order: share of the pitch matches that begin at the same time as the other matches of their score position, after
  those of the position before, and before those of the next. A grace note comes before the note it leads to.
- rhythm F1: of the heads that lie on one another, those in order and as far from the next score position as they should
  be, in the tempo around them. (Rhythm as read, pitches as they are.)
- note F1: both pitch and rhythm.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.dataset import Dataset, open_dataset
from scorebench.omr import OmrEngine, Reading

REACH = 3.5 / 835
"""Half an interline, as a share of the width of a page: staff lines of these datasets are 7 px apart on 835."""

_TEMPO_NOTES = 8
"""Score positions on either side by which the tempo is judged."""

_EVEN = 0.1
"""Share by which a time from one score position to the next may be off."""

COUNTS = ("true", "read", "heads", "pitches", "ordered", "timed", "notes")


@dataclass(frozen=True)
class PageScore:
    """Counts of one page, by the names in ``COUNTS``: ``heads`` and so on are matches of that kind."""

    piece: str
    page: int
    counts: dict[str, int]
    seconds: float = 0.0


def page_counts(true: pd.DataFrame, reading: Reading, width_px: float) -> dict[str, int]:
    """Score one page.

    Args:
        true: ``PRINTED_COLUMNS``, the notes of this page.
        width_px: of the page.
    """
    true = true[true["y_px"].notna()].reset_index(drop=True)
    read = reading.notes[~reading.notes["tied"]].reset_index(drop=True)
    by_place = matches(true, read, REACH * width_px, same_pitch=False)
    by_pitch = matches(true, read, REACH * width_px, same_pitch=True)
    in_order, in_time = right_times(true, read, by_place)
    order_of_pitch, time_of_pitch = right_times(true, read, by_pitch)
    return {
        "true": len(true),
        "read": len(read),
        "heads": len(by_place),
        "pitches": len(by_pitch),
        "ordered": int(order_of_pitch.sum()),
        "timed": int((in_order & in_time).sum()),
        "notes": int((order_of_pitch & time_of_pitch).sum()),
    }


def matches(true: pd.DataFrame, read: pd.DataFrame, reach: float, same_pitch: bool) -> NDArray[np.int64]:
    """Pairs (n, 2) of rows of ``true`` and ``read`` that lie on one another, each in one pair, the nearest first."""
    dx = np.abs(true["x_px"].to_numpy()[:, None] - read["x_px"].to_numpy()[None])
    dy = np.abs(true["y_px"].to_numpy()[:, None] - read["y_px"].to_numpy()[None])
    fits = (dx <= reach) & (dy <= reach)
    if same_pitch:
        fits &= true["pitch"].to_numpy()[:, None] == read["pitch"].to_numpy()[None]
    rows, columns = np.nonzero(fits)
    pairs: list[tuple[int, int]] = []
    used_true, used_read = set[int](), set[int]()
    for k in np.argsort((dx + dy)[rows, columns], kind="stable"):
        i, j = int(rows[k]), int(columns[k])
        if i not in used_true and j not in used_read:
            pairs.append((i, j))
            used_true.add(i)
            used_read.add(j)
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def right_times(
    true: pd.DataFrame, read: pd.DataFrame, pairs: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each pair: whether it is in order, and whether the time to the next score position is right."""
    if not len(pairs):
        return np.zeros(0, bool), np.zeros(0, bool)
    position, true_s = (true[c].to_numpy()[pairs[:, 0]] for c in ("position", "score_onset_s"))
    rank, quarters = _ranks(read)[pairs[:, 1]], read["onset_quarters"].to_numpy()[pairs[:, 1]]
    order, number = np.unique(position, return_inverse=True)
    lowest, highest = np.full(len(order), np.inf), np.full(len(order), -np.inf)
    np.minimum.at(lowest, number, rank)
    np.maximum.at(highest, number, rank)
    before, after = np.r_[-np.inf, highest[:-1]], np.r_[lowest[1:], np.inf]
    in_order = (lowest == highest)[number] & (rank > before[number]) & (rank < after[number])
    at_s, at_quarters = (np.array([np.median(v[number == n]) for n in range(len(order))]) for v in (true_s, quarters))
    return in_order, _timed(at_s, at_quarters, quarters, number)


def _timed(
    at_s: NDArray[np.float64],
    at_quarters: NDArray[np.float64],
    quarters: NDArray[np.float64],
    number: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether a note is where its score position is, and that is as far from the next as it should be."""
    seconds, steps = np.diff(at_s), np.diff(at_quarters)
    right = np.ones(len(at_s), bool)
    for n in range(len(steps)):
        near = slice(max(0, n - _TEMPO_NOTES), n + _TEMPO_NOTES + 1)
        known = (steps[near] > 0) & (seconds[near] > 0)
        tempo = float(np.median(seconds[near][known] / steps[near][known])) if known.any() else np.nan
        if steps[n] == 0 or (steps[n] > 0 and seconds[n] < 0.1 * tempo * steps[n]):  # a grace note's time is borrowed
            continue
        right[n] = bool(abs(steps[n] * tempo / seconds[n] - 1) <= _EVEN) if seconds[n] > 0 else False
    return right[number] & (np.abs(quarters - at_quarters[number]) < 1e-6)


def _ranks(read: pd.DataFrame) -> NDArray[np.float64]:
    """Rows that begin together have the same number; grace notes come before, one after the other."""
    grace = read["duration_quarters"].to_numpy() == 0
    onset = read["onset_quarters"].to_numpy().round(6)
    keys = [(o, 0 if g else 1, x if g else 0.0) for o, g, x in zip(onset, grace, read["x_px"], strict=True)]
    number = {key: float(i) for i, key in enumerate(sorted(set(keys)))}
    return np.array([number[key] for key in keys], np.float64)


def score_split(data: Dataset, split: str, engine: OmrEngine, pieces: int | None = None) -> Iterator[PageScore]:
    """Score the pages of ``split``, of its first ``pieces`` pieces or of all."""
    for piece in list(data.pieces(split))[:pieces]:
        recording = data.load(split, piece)
        for page in recording.pages:
            began = time.process_time()
            reading = engine.read(page.image)
            seconds = time.process_time() - began
            own = recording.notes[recording.notes["page"] == page.index]
            yield PageScore(piece, page.index, page_counts(own, reading, page.image.shape[1]), seconds)


def summary(scores: list[PageScore], of: Callable[[PageScore], str]) -> pd.DataFrame:
    """One row a group that ``of`` names: pages, notes and the scores of the module's text."""
    rows = []
    for name in sorted({of(s) for s in scores}):
        own = [s for s in scores if of(s) == name]
        total = {count: sum(s.counts[count] for s in own) for count in COUNTS}
        both = max(total["true"] + total["read"], 1)
        f1 = {f"{kind}_f1": 2 * total[count] / both for kind, count in _F1.items()}
        order = total["ordered"] / max(total["pitches"], 1)
        seconds = float(np.mean([s.seconds for s in own]))
        rows.append(
            {"group": name, "pages": len(own), "notes": total["true"], **f1, "order": order, "seconds": seconds}
        )
    return pd.DataFrame(rows)


_F1 = {"head": "heads", "pitch": "pitches", "rhythm": "timed", "note": "notes"}


def main() -> None:
    """The command."""
    from baselines.omr.recogniser import BuiltIn

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("split")
    parser.add_argument("--pieces", type=int, help="the first pieces only")
    parser.add_argument("--by", default="composer", choices=("composer", "piece"))
    asked = parser.parse_args()
    scores = list(score_split(open_dataset(asked.dataset), asked.split, BuiltIn(), asked.pieces))
    length = 1 if asked.by == "composer" else 3
    shown = summary(scores, lambda s: "__".join(s.piece.split("__")[:length]))
    print(pd.concat([shown, summary(scores, lambda _: "all")]).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
