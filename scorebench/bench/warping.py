"""How well, and how fast, does the on-line warping of `score-dtw` align, and what would more time or hindsight give?

All methods see the same features of the same generated pieces: a right hand in steps and leaps over a left hand in
chords, played evenly but slower than the score says, and as the simulated pianist plays. They are asked what
``score-dtw`` is asked: at every onset, with the sound up to the end of its frame. Off-line warping may use all of
the sound, later parts included.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import MissingDependencyError
from scorebench.timebase import SAMPLE_RATE, THRESHOLDS_S, onset_frame, samples_heard

PIECES = 4
BEATS = 64
CONDITIONS = ("steady, slower", "performed", "other piano")
"""Never as written on the reference's piano: that is the reference itself, bit for bit, and any method aligns it."""
SLOWER = 1.15
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One generated piece and one way to play it: times of its onsets in both, and both sounds."""

    score_s: Floats
    played_s: Floats
    score_audio: NDArray[np.float32]
    audio: NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """A case as features, (frames, dimensions) float32 each."""

    score: NDArray[np.float32]
    played: NDArray[np.float32]


def run() -> list[dict[str, Any]]:
    """Align every case by every method, on one core.

    Returns:
        One row a method and way of playing: onsets, median and mean absolute error, median signed error (late is
        negative), ratios at the five thresholds, times faster than real time (features of the performance included,
        those of the score not), and speed relative to off-line warping. Errors are seconds of the performance.

    Raises:
        MissingDependencyError: `baselines`, numba or librosa is not installed.
    """
    ear, methods = _methods()
    rows = []
    for condition in CONDITIONS:
        cases = [_case(seed, condition) for seed in range(PIECES)]
        measured = {name: _measure(align, ear, cases) for name, align in methods.items()}
        slowest = measured["off-line (librosa)"]["seconds"]
        sound_s = sum(len(case.audio) for case in cases) / SAMPLE_RATE
        for name, row in measured.items():
            seconds = row.pop("seconds")
            speed = {"times_real_time": sound_s / seconds, "speed_up": slowest / seconds}
            rows.append({"condition": condition, "method": name, **row, **speed})
    return rows


Align = Callable[[Heard], NDArray[np.int64]]


@dataclass(frozen=True)
class Ear:
    """Features of a sound; frame k ends with sample ``hop_samples (k + 1)``."""

    features: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    hop_samples: int


def _methods() -> tuple[Ear, dict[str, Align]]:
    """How to hear, and the methods by name. The core does not need `baselines`; this benchmark does."""
    import importlib

    try:
        features = importlib.import_module("baselines.dtw.features")
        warping = importlib.import_module("baselines.dtw.warping")
        forward = importlib.import_module("scorebench.bench.forward_path")
        librosa = importlib.import_module("librosa")
    except ImportError as error:
        raise MissingDependencyError(f"this benchmark needs baselines, numba and librosa ({error})") from error

    def online(heard: Heard) -> NDArray[np.int64]:
        frames: NDArray[np.int64] = warping.OnlineWarping(heard.score).push(heard.played).score_frame
        return frames

    def published(heard: Heard) -> NDArray[np.int64]:
        frames: NDArray[np.int64] = forward.forward_path(_costs(heard))
        return frames

    def offline(heard: Heard) -> NDArray[np.int64]:
        _, path = librosa.sequence.dtw(C=_costs(heard).astype(np.float64))
        return np.asarray(pd.Series(path[:, 1]).groupby(path[:, 0]).max().to_numpy(np.int64))

    ear = Ear(features.features, features.HOP_SAMPLES)
    return ear, {"score-dtw": online, "forward path (Dixon 2005)": published, "off-line (librosa)": offline}


def _costs(heard: Heard) -> NDArray[np.float32]:
    """(input frames, score frames) squared Euclidean distances."""
    squares = (heard.played**2).sum(1)[:, None] + (heard.score**2).sum(1)
    return np.asarray(np.maximum(squares - 2 * heard.played @ heard.score.T, 0), np.float32)


def _measure(align: Align, ear: Ear, cases: list[Case]) -> dict[str, Any]:
    """Errors over all onsets of ``cases``, and the seconds it took to hear and align what was played."""
    scores = [ear.features(case.score_audio) for case in cases]
    align(Heard(scores[0], scores[0]))  # compile first
    errors, seconds = [], 0.0
    for case, score in zip(cases, scores, strict=True):
        began = time.perf_counter()
        frames = align(Heard(score, ear.features(case.audio)))
        seconds += time.perf_counter() - began
        errors.append(_errors_s(case, frames, ear.hop_samples))
    error = np.concatenate(errors)
    ratios = {f"<={t:g}s": float((np.abs(error) <= t).mean()) for t in THRESHOLDS_S}
    median, mean = float(np.median(np.abs(error))), float(np.abs(error).mean())
    summary = {"onsets": len(error), "median_s": median, "mean_s": mean, "signed_s": float(np.median(error))}
    return {**summary, **ratios, "seconds": seconds}


def _errors_s(case: Case, frames: NDArray[np.int64], hop_samples: int) -> Floats:
    """(onsets,) seconds of the performance: aligned minus true, at the end of each onset's frame."""
    heard = np.array([samples_heard(int(f)) for f in onset_frame(case.played_s)])
    k = np.clip(heard // hop_samples - 1, 0, len(frames) - 1)
    aligned_s = np.interp((frames[k] + 1) * hop_samples / SAMPLE_RATE, case.score_s, case.played_s)
    true_s = np.clip((k + 1) * hop_samples / SAMPLE_RATE, case.played_s[0], case.played_s[-1])
    return np.asarray(aligned_s - true_s)


def _case(seed: int, condition: str) -> Case:
    """One generated piece in one way of playing."""
    from scorebench.build.perform import perform
    from scorebench.synth import render

    notes = _piece(seed)
    even = notes.assign(onset_s=notes["onset_s"] * SLOWER, duration_s=notes["duration_s"] * SLOWER)
    played, sounding = even, even
    if condition != "steady, slower":
        performance = perform(notes, seed, "bench")
        played, sounding = performance.notes, performance.sounding()
    first = played.groupby("position")["onset_s"].min()
    score = notes.groupby("position")["score_onset_s"].min()[first.notna()]
    audio = render(sounding, "other-piano" if condition == "other piano" else "piano")
    score_notes = notes.assign(onset_s=notes["score_onset_s"], duration_s=notes["score_duration_s"])
    return Case(score.to_numpy(), first.dropna().to_numpy(), render(score_notes), audio)


def _piece(seed: int) -> pd.DataFrame:
    """``NOTE_COLUMNS``: a random two-hand piece in C major, deadpan, its first onset at 0.1 s."""
    from scorebench.score import NOTE_COLUMNS, as_table

    rng = np.random.default_rng(seed)
    scale, beat_s = np.array([0, 2, 4, 5, 7, 9, 11]), 60 / rng.uniform(70, 130)
    keys: list[tuple[float, float, int]] = []
    at, step = 0.0, 14
    while at < BEATS:
        length = float(rng.choice([0.25, 0.5, 0.5, 1.0]))
        step = int(np.clip(step + rng.integers(-3, 4), 10, 22))
        keys.append((at, length, 48 + 12 * (step // 7) + int(scale[step % 7])))
        at += length
    for beat in range(0, BEATS, 2):
        root = int(rng.integers(0, 7))
        keys += [(float(beat), 2.0, 36 + 12 * (d // 7) + int(scale[d % 7])) for d in (root, root + 2, root + 4)]
    beats, lengths, pitches = (np.array(column) for column in zip(*sorted(keys), strict=True))
    onset_s, duration_s = 0.1 + beats * beat_s, lengths * beat_s
    table = pd.DataFrame(
        {
            "note_id": [f"n{i}" for i in range(len(beats))],
            "page": 0,
            "system": 0,
            "position": np.unique(beats, return_inverse=True)[1],
            "pitch": pitches,
            "x_px": beats,
            "y_px": 0.0,
            "score_onset_s": onset_s,
            "score_duration_s": duration_s,
            "onset_s": onset_s,
            "duration_s": duration_s,
            "velocity": 64,
        }
    )
    return as_table(table, NOTE_COLUMNS, "generated piece")
