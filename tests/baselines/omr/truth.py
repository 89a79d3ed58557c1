"""What a perfect engine would read from a page whose truth is known. For tests: no tracker sees it."""

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.dataset import Dataset
from scorebench.omr import Reading, as_reading
from scorebench.score import Page, Recording

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def spelled(pitch: int) -> str:
    """One of the spellings of a MIDI number."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def reading_of_truth(recording: Recording, index: int, quarter_s: float) -> Reading:
    """Page ``index`` of ``recording`` as a perfect engine would read it.

    The true notes in the bars of the dataset; what sounds over a bar line is written as tied notes. Their right ends
    stand at the left of the bar, since the truth does not say where they are printed.

    Args:
        quarter_s: seconds of the score's own time that are written as one quarter.
    """
    page = recording.pages[index]
    assert page.bars is not None
    first = int(page.systems["system"].min())
    notes = recording.notes[(recording.notes["page"] == index) & recording.notes["score_onset_s"].notna()]
    measures = _measures(page, notes, first, quarter_s)
    begin_s = notes["score_onset_s"].min()
    rows = [row for note in notes.itertuples() for row in _heads(note, measures, begin_s, first, quarter_s)]
    systems = page.systems.assign(page=0, system=page.systems["system"] - first)
    return as_reading(pd.DataFrame(rows), measures, systems, 1.0, "truth")


def _measures(page: Page, notes: pd.DataFrame, first: int, quarter_s: float) -> pd.DataFrame:
    """The bars, each from its first onset to that of the next; those where nothing begins have no time."""
    bars = page.bars.sort_values("bar", ignore_index=True)
    left, right = bars["x_px"] - bars["w_px"] / 2, bars["x_px"] + bars["w_px"] / 2
    begins = [
        notes.loc[(notes["system"] == s) & (notes["x_px"] >= a) & (notes["x_px"] < b), "score_onset_s"].min()
        for s, a, b in zip(bars["system"], left, right, strict=True)
    ]
    end_s = (notes["score_onset_s"] + notes["score_duration_s"]).max()
    onset = (pd.Series([*begins, end_s]).bfill() - notes["score_onset_s"].min()) / quarter_s
    return pd.DataFrame(
        {
            "measure": range(len(bars)),
            "system": bars["system"] - first,
            "left_px": left,
            "right_px": right,
            "onset_quarters": onset[:-1],
            "duration_quarters": np.diff(onset),
            "beats": 4,
            "beat_type": 4,
            "repeat_begins": False,
            "repeat_ends": False,
            "fifths": 0,
            "clefs": "G,F",
        }
    )


def _heads(note: object, measures: pd.DataFrame, begin_s: float, first: int, quarter_s: float) -> Iterable[dict]:
    """One notehead for each measure in which ``note`` sounds."""
    begin = (note.score_onset_s - begin_s) / quarter_s
    end = begin + note.score_duration_s / quarter_s
    starts = measures["onset_quarters"]
    ends = starts + measures["duration_quarters"]
    home = int(measures.index[(measures["system"] == note.system - first) & (starts <= begin + 1e-9)].max())
    for at in range(home, len(measures)):
        tied = at > home
        onset, until = max(begin, starts[at]), min(end, ends[at])
        if tied and until - onset < 1e-6:
            break
        yield {
            "system": measures["system"][at],
            "measure": at,
            "staff": 0 if note.pitch >= 60 else 1,
            "voice": 0,
            "x_px": measures["left_px"][at] + 5 if tied else note.x_px,
            "y_px": note.y_px,
            "pitch": note.pitch,
            "spelling": spelled(note.pitch),
            "onset_quarters": onset,
            "duration_quarters": max(until - onset, 0.0),
            "tied": tied,
            "confidence": 1.0,
        }


class TruthEngine:
    """Knows the pages of a dataset by heart, and how fast each of their quarters is."""

    def __init__(self, dataset: Dataset, pieces: Iterable[str], quarter_s: float) -> None:
        self._readings = {}
        for piece in pieces:
            recording = dataset.load("full", piece)
            for page in recording.pages:
                self._readings[_key(page.image)] = reading_of_truth(recording, page.index, quarter_s)

    def read(self, page: NDArray[np.uint8]) -> Reading:
        return self._readings[_key(page)]


def _key(page: NDArray[np.uint8]) -> str:
    return hashlib.sha256(page.tobytes()).hexdigest()
