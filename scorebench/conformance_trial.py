"""A tracker under test: what it is played, in which ways, and what it does that nobody asked for."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.protocol.pages import plan_pages, view_of
from scorebench.samplepage import sample_recording
from scorebench.score import GIVEN, ScoreView
from scorebench.timebase import SAMPLE_RATE, frame_count, samples_heard
from scorebench.tracker import BatchTracker, FastFollower, Position, Positions, SeedsTracker, Tracker, stream

_SINGLE_SAMPLES = 40
"""So many chunks of one sample are tried in a row."""


@dataclass(frozen=True)
class Sound:
    """A sound over the sample page.

    Attributes:
        page: (height, width) uint8.
        told: everything that can be given.
        audio: (samples,) float32.
        frames: (n,) the frames asked, ascending; the last ones may reach beyond the end of the sound.
    """

    page: NDArray[np.uint8]
    told: Mapping[str, Any]
    audio: NDArray[np.float32]
    frames: NDArray[np.int64]

    def asked_at(self, frames: NDArray[np.int64]) -> "Sound":
        """The same sound, asked at other frames."""
        return replace(self, frames=frames)

    def with_audio(self, audio: NDArray[Any]) -> "Sound":
        """Another sound over the same page, as long as it is, asked at every frame."""
        told = {**self.told, "duration": len(audio) / SAMPLE_RATE}
        return Sound(self.page, told, audio.astype(np.float32), np.arange(frame_count(len(audio))))


def sample_sound() -> Sound:
    """The sample page as it is played, asked at every frame."""
    recording = sample_recording()
    audio = recording.read_audio()
    view = view_of(recording, plan_pages(recording, len(audio))[0], frozenset(GIVEN))
    return Sound(view.pages[0], view.told, audio, np.arange(frame_count(len(audio))))


class _Told(dict[str, Any]):
    """What a tracker is told; notes whatever else it asks for, also where it catches the error."""

    def __init__(self, told: Mapping[str, Any], refused: set[str]) -> None:
        super().__init__(told)
        self._refused = refused

    def __contains__(self, name: object) -> bool:
        known = super().__contains__(name)
        if not known:
            self._refused.add(str(name))
        return known

    def __missing__(self, name: str) -> Any:
        self._refused.add(name)
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As a dict's."""
        if name not in self:  # notes it
            return default
        return super().get(name, default)


class Trial:
    """Plays sounds to a tracker, each on a fresh copy of everything.

    Attributes:
        refused: what the tracker asked for and had not declared.
        altered: which of the things handed to it it has changed.
        fast: whether its followers have the fast path ``follow``; known once one was opened.
    """

    def __init__(self, tracker: Tracker, seed: int) -> None:
        self.tracker = tracker
        self.seed = seed
        self.refused: set[str] = set()
        self.altered: set[str] = set()
        self.fast = False

    def hear(self, sound: Sound) -> Positions:
        """Frame by frame."""
        with self._handed(sound) as [(score, audio)]:
            return stream(self._open(score), audio, sound.frames)

    def hear_in_pieces(self, sound: Sound, random: np.random.Generator) -> Positions:
        """Frame by frame, each in several chunks, some of them empty or of one sample."""
        singles = set(random.choice(sound.frames, 3).tolist())
        with self._handed(sound) as [(score, audio)]:
            follower, heard, rows = self._open(score), 0, []
            for frame in sound.frames.tolist():
                until = min(samples_heard(frame), len(audio))
                inner = np.sort(random.integers(heard, until + 1, 3))
                if frame in singles:
                    inner = np.arange(heard, min(heard + _SINGLE_SAMPLES, until) + 1)
                for begin, end in zip([heard, *inner], [*inner, until], strict=True):
                    said = follower.hear(audio[begin:end])
                rows.append(said)
                heard = until
            return Positions.from_list(sound.frames, rows)

    def hear_beside(self, sound: Sound, other: Sound) -> Positions:
        """Frame by frame, while another follower of the same tracker hears ``other`` (of the same frames)."""
        with self._handed(sound, other) as [(score, audio), (other_score, other_audio)]:
            follower, beside, heard = self._open(score), self._open(other_score), 0
            rows: list[Position] = []
            for frame in sound.frames.tolist():
                until = min(samples_heard(frame), len(audio))
                beside.hear(other_audio[heard:until])
                rows.append(follower.hear(audio[heard:until]))
                heard = until
            return Positions.from_list(sound.frames, rows)

    def follow(self, sound: Sound) -> Positions:
        """As a run does: by the fast path where there is one."""
        with self._handed(sound) as [(score, audio)]:
            follower = self._open(score)
            if isinstance(follower, FastFollower):
                return follower.follow(audio, sound.frames.copy())
            return stream(follower, audio, sound.frames)

    def follow_many(self, tracker: BatchTracker, sounds: Sequence[Sound]) -> list[Positions]:
        """All at once, by the fast path over pages."""
        with self._handed(*sounds) as handed:
            jobs = [(score, audio, s.frames.copy()) for (score, audio), s in zip(handed, sounds, strict=True)]
            return tracker.follow_many(jobs, self.seed)

    def follow_seeds(self, tracker: SeedsTracker, sound: Sound, seeds: Sequence[int]) -> list[Positions]:
        """With several seeds at once, by the fast path over seeds."""
        with self._handed(sound) as [(score, audio)]:
            return tracker.follow_seeds(score, audio, sound.frames.copy(), seeds)

    def _open(self, score: ScoreView) -> Any:
        follower = self.tracker.open(score, self.seed)
        self.fast = isinstance(follower, FastFollower)
        return follower

    @contextmanager
    def _handed(self, *sounds: Sound) -> Iterator[list[tuple[ScoreView, NDArray[np.float32]]]]:
        """Copies of ``sounds`` to be handed over, compared with the originals afterwards."""
        handed = [(ScoreView((s.page.copy(),), self._told(s)), s.audio.copy()) for s in sounds]
        try:
            yield handed
        finally:
            for sound, (score, audio) in zip(sounds, handed, strict=True):
                self._compare(sound, score, audio)

    def _told(self, sound: Sound) -> _Told:
        given = {name: sound.told[name] for name in self.tracker.given}
        copies = {name: v.copy(deep=True) if isinstance(v, pd.DataFrame) else v for name, v in given.items()}
        return _Told(copies, self.refused)

    def _compare(self, sound: Sound, score: ScoreView, audio: NDArray[np.float32]) -> None:
        if not np.array_equal(sound.page, score.pages[0]):
            self.altered.add("the page")
        if not np.array_equal(sound.audio, audio):
            self.altered.add("the sound")
        left = dict(score.told)
        for name in self.tracker.given:
            if not _equal(sound.told[name], left.get(name)):
                self.altered.add(f"the {name}")


def _equal(before: Any, after: Any) -> bool:
    """Whether something given is what it was; tables bit by bit, NaN equal to NaN."""
    if isinstance(before, pd.DataFrame):
        return isinstance(after, pd.DataFrame) and before.equals(after)
    return bool(before == after)
