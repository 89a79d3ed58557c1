"""Does a dataset keep its promises? Looks at every page, note and sound of every split."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scorebench.dataset import Dataset
from scorebench.errors import DataError
from scorebench.score import Recording
from scorebench.timebase import SAMPLE_RATE

TOLERANCE_PX = 0.5
"""Half a pixel: boxes and noteheads of other sources are whole numbers."""


@dataclass(frozen=True)
class SplitCount:
    """What one split holds: a row of ``scorebench data check``."""

    split: str
    pieces: int = 0
    pages: int = 0
    systems: int = 0
    onsets: int = 0
    unplayed: int = 0  # printed notes without an onset
    seconds: float = 0.0

    def with_recording(self, recording: Recording) -> "SplitCount":
        """The count with one more piece in it."""
        return SplitCount(
            self.split,
            self.pieces + 1,
            self.pages + len(recording.pages),
            self.systems + sum(len(p.systems) for p in recording.pages),
            self.onsets + int(recording.notes.loc[recording.notes["onset_s"].notna(), "position"].nunique()),
            self.unplayed + int(recording.notes["onset_s"].isna().sum()),
            self.seconds + len(recording.read_audio()) / SAMPLE_RATE,
        )


def check_dataset(dataset: Dataset, done: Callable[[], None] = lambda: None) -> tuple[list[SplitCount], list[str]]:
    """Count and check everything.

    Args:
        done: called after each piece of each split.

    Returns:
        One count a split, and one line a problem (none: the dataset is sound).
    """
    counts, problems = [], []
    for split in dataset.splits():
        count = SplitCount(split)
        for piece in dataset.pieces(split):
            try:
                recording = dataset.load(split, piece)
                count = count.with_recording(recording)
                problems += [f"{split}/{piece}: {problem}" for problem in check_recording(recording)]
            except DataError as error:
                problems.append(f"{split}/{piece}: {error}")
            done()
        counts.append(count)
    return counts, problems


def check_recording(recording: Recording) -> list[str]:
    """One line for everything that is wrong with one piece in one condition."""
    played = recording.notes[recording.notes["onset_s"].notna()]
    problems = [*_systems(recording), *_places(recording, played), *_times(played)]
    bare = sorted(set(range(len(recording.pages))) - set(played["page"]))
    problems += [f"page {index} has no onset" for index in bare]
    return [*problems, *_sound(recording, played)]


def _systems(recording: Recording) -> Iterator[str]:
    for page in recording.pages:
        height, width = page.image.shape
        s = page.systems
        inside = (
            (s["x_px"] - s["w_px"] / 2 >= -TOLERANCE_PX)
            & (s["x_px"] + s["w_px"] / 2 <= width + TOLERANCE_PX)
            & (s["y_px"] - s["h_px"] / 2 >= -TOLERANCE_PX)
            & (s["y_px"] + s["h_px"] / 2 <= height + TOLERANCE_PX)
        )
        yield from (f"system {n} is not within page {page.index}" for n in s.loc[~inside, "system"])
        if not page.image.any() or page.image.min() > 127:
            yield f"page {page.index} is empty"


def _places(recording: Recording, played: pd.DataFrame) -> Iterator[str]:
    """Notes must lie on their page, within their system from left to right."""
    systems = pd.concat([p.systems for p in recording.pages]).add_suffix("_of")
    placed = played.merge(systems, left_on="system", right_on="system_of", how="left")
    off = (placed["x_px"] - placed["x_px_of"]).abs() > placed["w_px_of"] / 2 + TOLERANCE_PX
    for row in placed[placed["page_of"].isna() | (placed["page_of"] != placed["page"])].itertuples():
        yield f"note {row.note_id} is on page {row.page}, its system {row.system} is not"
    for row in placed[off].itertuples():
        yield f"note {row.note_id} (x {row.x_px:.0f}) is outside its system {row.system}"
    one_place = placed.groupby("position")["system"].nunique()
    yield from (f"score position {n} is on two systems" for n in one_place[one_place > 1].index)


def _times(played: pd.DataFrame) -> Iterator[str]:
    onsets = played.groupby("position")["onset_s"].min()
    for position in onsets.index[1:][np.diff(onsets.to_numpy()) <= 0]:
        yield f"score position {position} begins at {onsets[position]:.3f} s, not after the one before it"
    if (played["onset_s"] < 0).any():
        yield "a note begins before the sound"


def _sound(recording: Recording, played: pd.DataFrame) -> Iterator[str]:
    """The sound must last as long as the music: to the last release, or to the last onset where no more is known."""
    sound = recording.read_audio()
    ends = played["onset_s"] + (played["duration_s"] if recording.has_score_time and recording.has_durations else 0)
    if len(played) and len(sound) / SAMPLE_RATE < ends.max():
        yield f"the sound lasts {len(sound) / SAMPLE_RATE:.2f} s, the music {ends.max():.2f} s"
    if not np.isfinite(sound).all():
        yield "the sound has samples that are not numbers"
    elif not np.abs(sound).max(initial=0) > 0:
        yield "the sound is silent"
