"""The tracker interface: streaming, the choice of the fast path, and what is refused."""

import numpy as np
import pytest

from scorebench.errors import NotGivenError, TrackerError
from scorebench.score import GIVEN, ScoreView
from scorebench.timebase import samples_heard
from scorebench.tracker import (
    POSITION_COLUMNS,
    BatchTracker,
    FastFollower,
    Follower,
    Position,
    Positions,
    Tracker,
    follow,
    stream,
)

PAGE = ScoreView((np.full((20, 10), 255, np.uint8),))
AUDIO = np.arange(10_000, dtype=np.float32)


class Ears:
    """Remembers the chunks it heard; its x is how many."""

    given: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.chunks: list[np.ndarray] = []

    def open(self, score: ScoreView, seed: int) -> "Ears":
        return self

    def hear(self, samples: np.ndarray) -> Position:
        self.chunks.append(samples)
        return Position(float(len(self.chunks)), float(sum(map(len, self.chunks))))


class FastEars(Ears):
    def __init__(self, said: Positions) -> None:
        super().__init__()
        self.said = said

    def follow(self, audio: np.ndarray, frames: np.ndarray) -> Positions:
        return self.said


def at(frames: list[int], x: float = 1.0) -> Positions:
    return Positions.from_list(frames, [Position(x, 2.0)] * len(frames))


def test_the_words_are_protocols_that_need_no_base_class() -> None:
    assert isinstance(Ears(), Tracker)
    assert isinstance(Ears(), Follower)
    assert not isinstance(Ears(), FastFollower)
    assert not isinstance(Ears(), BatchTracker)
    assert isinstance(FastEars(at([])), FastFollower)


def test_streaming_hands_over_every_sample_once_and_no_more_than_each_frame_may_hear() -> None:
    ears, frames = Ears(), np.array([0, 1, 5, 9])
    said = stream(ears, AUDIO, frames)
    assert said.y_px.tolist() == [samples_heard(0), samples_heard(1), samples_heard(5), len(AUDIO)]
    np.testing.assert_array_equal(np.concatenate(ears.chunks), AUDIO)


def test_frames_beyond_the_end_are_asked_with_nothing_new() -> None:
    ears = Ears()
    stream(ears, AUDIO, np.array([8, 9, 20]))
    assert [len(chunk) for chunk in ears.chunks] == [10_000, 0, 0]


def test_the_fast_path_is_taken_where_there_is_one() -> None:
    frames = np.array([0, 1])
    assert follow(Ears(), PAGE, AUDIO, frames, 0).x_px.tolist() == [1.0, 2.0]
    assert follow(FastEars(at([0, 1], x=7.0)), PAGE, AUDIO, frames, 0).x_px.tolist() == [7.0, 7.0]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (at([0]), "asked for 2 frames, the tracker answered 1"),
        (at([0, 2]), "asked for 2 frames"),
        (at([0, 1], x=np.nan), "x_px is not one finite number"),
        (at([0, 1], x=np.inf), "x_px is not one finite number"),
        (Positions(np.arange(2), *[np.zeros(2)] * 6, np.zeros(1)), "heard_s is not one finite number"),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_answer_the_frames_is_refused(said: Positions, says: str) -> None:
    with pytest.raises(TrackerError, match=says):
        follow(FastEars(said), PAGE, AUDIO, np.array([0, 1]), 0)


def test_positions_keep_what_each_position_says() -> None:
    rows = [Position(1.5, 2.5, 3.0, 4.0, 0, 0.5, 0.1), Position(5.0, 6.0)]
    said = Positions.from_list([3, 8], rows)
    assert (said.frame.dtype, said.page.dtype, said.x_px.dtype) == (np.int64, np.int64, np.float64)
    for name in POSITION_COLUMNS:
        assert getattr(said, name).tolist() == [getattr(row, name) for row in rows]
    assert said.to_table().columns.tolist() == ["frame", *POSITION_COLUMNS]
    assert len(Positions.from_list([], [])) == 0


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_not_declared_cannot_be_read(name: str) -> None:
    with pytest.raises(NotGivenError, match=f"read '{name}' but is given nothing"):
        getattr(PAGE, name)
