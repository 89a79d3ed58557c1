"""``score-dtw``: play the printed notes, and follow the performance by on-line time warping against that sound.

It is told what a perfect optical music recognition would read (given: notes), and so bounds from above the baseline
"OMR" of Henkel & Widmer (2021), which warps a performance against the synthesised result of a recogniser.
"""

import numpy as np
from numpy.typing import NDArray

from baselines.dtw.features import HOP_SAMPLES, FeatureStream
from baselines.dtw.printed import BOX_W_PX, LEAD_IN_S, Places, places, reference, timed
from baselines.dtw.warping import UNSURE, OnlineWarping
from scorebench.score import ScoreView
from scorebench.timebase import SAMPLE_RATE, samples_heard
from scorebench.tracker import Position, Positions

UNRELATED_COST = 0.3
"""Mean local cost at which nothing of the score is recognised: noise and other music measured 0.16 to 0.29, deadpan
sound 0.02, a simulated performance 0.08, in a room 0.15, on another piano 0.16: a hint, not a probability."""

__all__ = ["ScoreDtw", "ScoreDtwFollower", "answer"]


class ScoreDtw:
    """Renders the printed notes and follows by on-line time warping; ``seed`` changes nothing."""

    given: frozenset[str] = frozenset({"notes"})

    def open(self, score: ScoreView, seed: int) -> "ScoreDtwFollower":  # noqa: ARG002
        """Render the printed notes of ``score``, all pages in one, and wait for their first.

        Raises:
            DataError: no note has a score time and a place.
            MissingDependencyError: no synthesiser or no soundfont.
        """
        notes = timed(score.notes)
        heights = tuple(page.shape[0] for page in score.pages)
        return ScoreDtwFollower(reference(notes), places(notes, heights))


class ScoreDtwFollower:
    """Follows one performance.

    The answer is the score position that began last at the aligned time of the score. It is not moved ahead: on
    generated performances the alignment is within 15 ms of the truth at the median, less than the sound heard after
    an onset before its frame is asked for (43 ms), and moving ahead by 15 ms, tried with an earlier setting, made no
    ratio clearly better.

    Args:
        score_features: (score frames, dimensions) float32.
        where: the score positions in the time of those features.
    """

    def __init__(self, score_features: NDArray[np.float32], where: Places) -> None:
        self._score_features = score_features
        self._where = where
        self._restart()

    def _restart(self) -> None:
        lead_in = int(LEAD_IN_S * SAMPLE_RATE) // HOP_SAMPLES
        self._ears = FeatureStream()
        self._warping = OnlineWarping(self._score_features, start_frames=lead_in + 1)
        self._samples = 0
        self._score_frame, self._mean_cost = 0, UNSURE

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Where the music is after ``samples``, any number of them; before the first, at the first position."""
        self._samples += len(samples)
        warped = self._warping.push(self._ears.push(samples))
        if len(warped.score_frame):
            self._score_frame, self._mean_cost = int(warped.score_frame[-1]), float(warped.mean_cost[-1])
        return answer(self._where, self._score_frame, self._mean_cost, self._samples)

    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """Answers at ``frames`` of ``audio``, heard from its beginning: those of ``hear``, faster."""
        self._restart()
        heard = [min(samples_heard(int(frame)), len(audio)) for frame in frames]
        warped = self._warping.push(self._ears.push(audio[: max(heard, default=0)]))
        score_frames = np.concatenate([[self._score_frame], warped.score_frame])
        costs = np.concatenate([[self._mean_cost], warped.mean_cost])
        done = [samples // HOP_SAMPLES for samples in heard]
        where, pairs = self._where, zip(done, heard, strict=True)
        rows = (answer(where, int(score_frames[k]), float(costs[k]), n) for k, n in pairs)
        positions = Positions.from_list(frames, rows)
        self._restart()
        return positions


def answer(where: Places, score_frame: int, mean_cost: float, samples: int) -> Position:
    """The box at ``score_frame`` of a reference in whose time ``where`` is.

    Args:
        mean_cost: recent local cost of the alignment; decides the confidence.
        samples: how many were heard.
    """
    score_s = (score_frame + 1) * HOP_SAMPLES / SAMPLE_RATE
    i = max(0, int(np.searchsorted(where.onset_s, score_s, side="right")) - 1)
    return Position(
        x_px=float(where.x_px[i]),
        y_px=float(where.y_px[i]),
        w_px=BOX_W_PX,
        h_px=float(where.h_px[i]),
        page=int(where.page[i]),
        confidence=max(0.0, 1.0 - mean_cost / UNRELATED_COST),
        heard_s=samples / SAMPLE_RATE,
    )
