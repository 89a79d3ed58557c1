"""What a run asks of a tracker: for each page, where its sound begins and which frames are scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import DataError
from scorebench.protocol import cyolo2021
from scorebench.score import GIVEN, ONSET_COLUMNS, PRINTED_COLUMNS, Page, Recording, ScoreView
from scorebench.timebase import HOP_SAMPLES, SAMPLE_RATE, frame_count, onset_frame, samples_heard


@dataclass(frozen=True)
class PagePlan:
    """One page of a recording, ready to be followed and scored.

    Attributes:
        page: the page; ``merged`` the onset frames of the whole piece.
        start_frame: frame of the recording at which the page is opened: the first whose onset is on it.
        end_sample: sample of the recording at which the next page begins, or its end.
        frames_2021: (n,) frames of the recording that ``cyolo-2021`` scores.
        onsets: ``ONSET_COLUMNS`` of the page, by time, in seconds of the recording, as ``strict`` scores them.
        onset_frames: (len(onsets),) frame at which each is asked.
        notes: ``NOTE_COLUMNS`` of the page.
    """

    page: Page
    merged: cyolo2021.MergedOnsets
    start_frame: int
    end_sample: int
    frames_2021: NDArray[np.int64]
    onsets: pd.DataFrame
    onset_frames: NDArray[np.int64]
    notes: pd.DataFrame

    @property
    def frames(self) -> NDArray[np.int64]:
        """Every frame of the recording that is asked, ascending."""
        return np.union1d(self.frames_2021, self.onset_frames)

    def sound(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """The samples of the recording ``audio`` that the tracker may hear on this page."""
        last = samples_heard(int(self.frames[-1])) if len(self.frames) else 0
        return audio[self.start_frame * HOP_SAMPLES : max(last, self.end_sample)]


def plan_pages(recording: Recording, samples: int) -> list[PagePlan]:
    """The pages of ``recording``, whose sound has ``samples`` samples, in the order they are played.

    Pages without a played onset are left out.

    Raises:
        DataError: no note of the piece is played at all.
    """
    systems = pd.concat([page.systems for page in recording.pages])
    merged = cyolo2021.merge_onsets(recording.notes, systems)
    if not len(merged.frame):
        raise DataError(f"{recording.piece}: no note of it is played in {recording.condition}; nothing to score")
    onsets = recording.onsets()
    starts = _start_frames(merged, onsets)
    ordered = sorted(starts, key=lambda index: (starts[index], index))
    ends = [starts[index] * HOP_SAMPLES for index in ordered[1:]] + [samples]
    plans = []
    for index, end in zip(ordered, ends, strict=True):
        here = onsets[onsets["page"] == index].reset_index(drop=True)
        scored = merged.frame[(merged.page == index) & (merged.frame < frame_count(samples))]
        asked = np.maximum(onset_frame(here["onset_s"].to_numpy()), starts[index])
        page, notes = recording.pages[index], recording.notes[recording.notes["page"] == index]
        plans.append(PagePlan(page, merged, starts[index], min(end, samples), scored, here, asked, notes))
    return plans


def _start_frames(merged: cyolo2021.MergedOnsets, onsets: pd.DataFrame) -> dict[int, int]:
    """First frame of each page: the first whose held onset lies on it; the first page begins at 0."""
    starts: dict[int, int] = {}
    for page, frame in zip(merged.page.tolist(), merged.frame.tolist(), strict=True):
        starts.setdefault(page, frame if starts else 0)
    for page, onset_s in zip(onsets["page"].tolist(), onsets["onset_s"].tolist(), strict=True):
        starts.setdefault(page, onset_frame(onset_s))
    return starts


def view_of(recording: Recording, plan: PagePlan, given: frozenset[str]) -> ScoreView:
    """The page as a tracker sees it: the image, and only what ``given`` declares.

    Raises:
        DataError: the dataset cannot give one of them.
    """
    told = {name: _GIVERS[name](recording, plan) for name in GIVEN if name in given}
    return ScoreView((plan.page.image,), told)


def _alone(rows: pd.DataFrame, first_system: int) -> pd.DataFrame:
    """Rows of one page with page and system counted from 0."""
    return rows.assign(page=0, system=rows["system"] - first_system).reset_index(drop=True)


def _first_system(plan: PagePlan) -> int:
    return int(plan.page.systems["system"].min())


def _systems(_: Recording, plan: PagePlan) -> pd.DataFrame:
    return _alone(plan.page.systems, _first_system(plan))


def _bars(recording: Recording, plan: PagePlan) -> pd.DataFrame:
    if plan.page.bars is None:
        raise DataError(f"{recording.piece}: this dataset has no bars to give")
    bars = _alone(plan.page.bars, _first_system(plan))
    return bars.assign(bar=bars["bar"] - bars["bar"].min())


def _notes(recording: Recording, plan: PagePlan) -> pd.DataFrame:
    if not recording.has_score_time:
        raise DataError(f"{recording.piece}: this dataset does not know the score's own time; no notes to give")
    return _alone(plan.notes[list(PRINTED_COLUMNS)], _first_system(plan))


def _duration(_: Recording, plan: PagePlan) -> float:
    return (plan.end_sample - plan.start_frame * HOP_SAMPLES) / SAMPLE_RATE


def _truth(_: Recording, plan: PagePlan) -> pd.DataFrame:
    onsets = plan.onsets[list(ONSET_COLUMNS)]
    start_s = plan.start_frame * HOP_SAMPLES / SAMPLE_RATE
    return _alone(onsets.assign(onset_s=onsets["onset_s"] - start_s), _first_system(plan))


_GIVERS: Mapping[str, Any] = {
    "systems": _systems,
    "bars": _bars,
    "notes": _notes,
    "duration": _duration,
    "truth": _truth,
}
