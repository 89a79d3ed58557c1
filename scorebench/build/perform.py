"""A SIMULATED expressive performance of a score: tempo curve, dynamics, chords that spread, a few mistakes.

`subset-performance` of the embedded dataset plays these. It asks of a follower what a human performance asks (tempo
that changes, chords that are not together, notes that are wrong or absent) with a truth that is exact, but it is made
by rules (``Expression`` names them) and cannot stand for recordings of pianists.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.build.expression import PIANIST, Expression
from scorebench.build.seeds import generator
from scorebench.build.tempo import Floats, arch, drift, phrase_bounds, time_map
from scorebench.errors import DataError
from scorebench.score import NOTE_COLUMNS, as_table

LOWEST_KEY, HIGHEST_KEY = 21, 108
"""MIDI numbers of the keys of a piano."""

NEIGHBOURS = (-2, -1, 1, 2)
"""How far, in semitones, a finger that misses its key lands."""

BESIDE_LOUDNESS = 0.7
"""Velocity of a key brushed beside the right one, as a share of the right one's."""

_JITTER_LIMIT = 2.5  # standard deviations
_DECIMALS = 6  # of all times: a microsecond, so that the last bit of a CPU's exp or sin does not reach the dataset
_LAG_SHARE = 0.4  # a chord spreads over at most this share of the way to the next score position
_PLAYED, _MISSED, _INSTEAD, _BESIDE = range(4)


@dataclass(frozen=True)
class Performance:
    """One simulated performance.

    Attributes:
        notes: the printed notes (``NOTE_COLUMNS``), rows and order of the score; onset_s, duration_s and velocity
            are the performer's. A note that was not played has NaN as onset_s and duration_s.
        extra: onset_s, duration_s, pitch, velocity of wrong notes: they sound, but are not printed.
    """

    notes: pd.DataFrame
    extra: pd.DataFrame

    def sounding(self) -> pd.DataFrame:
        """Everything that sounds, right or wrong, for ``scorebench.synth.render``."""
        played = self.notes[self.notes["onset_s"].notna()]
        return pd.concat([played[list(self.extra.columns)], self.extra], ignore_index=True)


@dataclass(frozen=True)
class _Score:
    """What the rules read: (notes,) arrays, and (positions,) arrays in playing order."""

    pitch: NDArray[np.int64]
    length_s: Floats
    position: NDArray[np.int64]  # index into the position arrays
    melody: NDArray[np.bool_]  # highest note of its position
    position_s: Floats
    bounds: Floats  # phrases


def perform(notes: pd.DataFrame, seed: int, piece: str = "", style: Expression = PIANIST) -> Performance:
    """Play the score ``notes`` as a pianist might; the same seed and piece name give the same performance.

    Times are whole microseconds: CPUs differ in the last bit of exp and sin, and must not in what is performed.

    The first notes of successive score positions stay in order, at least ``style.closest_s`` apart. The performance
    begins where the deadpan ``onset_s`` begins.

    Args:
        notes: ``NOTE_COLUMNS``; score_onset_s and score_duration_s known, onset_s deadpan, velocity the centre of
            the dynamics.
        seed: with ``piece``, the source of all chance.

    Raises:
        DataError: ``notes`` has no rows, lacks score time, or its score positions go back in score time.
    """
    notes = as_table(notes, NOTE_COLUMNS, piece or "notes to perform")
    score = _read(notes, piece or "notes to perform", style)
    to_performed = time_map(score.bounds, float(score.position_s[-1]), style, generator(seed, piece, "tempo"))
    begin_s = float(notes["onset_s"].min())
    at = begin_s + to_performed(score.position_s)
    onset = _strokes(score, at, style, generator(seed, piece, "chords"))
    kind = _mistakes(score, style, generator(seed, piece, "mistakes"))
    kind[notes["onset_s"].isna()] = _MISSED
    silent = (kind == _MISSED) | (kind == _INSTEAD)
    onset = np.round(_in_order(onset, score, silent, style.closest_s), _DECIMALS)
    start = score.position_s[score.position]
    length = to_performed(start + score.length_s) - to_performed(start)
    length = np.round(_articulate(length, style, generator(seed, piece, "articulation")), _DECIMALS)
    velocity = _velocities(notes["velocity"].to_numpy(), score, style, generator(seed, piece, "dynamics"))
    extra = _wrong_notes(score, kind, onset, length, velocity, generator(seed, piece, "wrong notes"))
    heard = np.where(silent, np.nan, 1.0)
    performed = notes.assign(onset_s=onset * heard, duration_s=length * heard, velocity=velocity)
    return Performance(as_table(performed, NOTE_COLUMNS, piece), extra)


def _read(notes: pd.DataFrame, source: str, style: Expression) -> _Score:
    if not len(notes) or notes[["score_onset_s", "score_duration_s"]].isna().any(axis=None):
        raise DataError(f"{source}: no notes, or notes without score time, cannot be performed; build the score again")
    groups = notes.groupby("position", sort=True)
    position_s = groups["score_onset_s"].min().to_numpy()
    if (np.diff(position_s) < 0).any():
        raise DataError(f"{source}: score positions go back in score time; number them in playing order")
    pitch = notes["pitch"].to_numpy()
    end = float((notes["score_onset_s"] + notes["score_duration_s"]).max())
    return _Score(
        pitch=pitch,
        length_s=notes["score_duration_s"].to_numpy(),
        position=groups.ngroup().to_numpy().astype(np.int64),
        melody=pitch == groups["pitch"].transform("max").to_numpy(),
        position_s=position_s,
        bounds=phrase_bounds(position_s, max(end, float(position_s[-1])), style.phrase_s),
    )


def _strokes(score: _Score, at: Floats, style: Expression, rng: np.random.Generator) -> Floats:
    """(notes,) seconds: when each key goes down, given when each score position is due."""
    lead = rng.uniform(*style.melody_lead_s)
    jitter = style.jitter_s * np.clip(rng.standard_normal(len(score.pitch)), -_JITTER_LIMIT, _JITTER_LIMIT)
    room = _LAG_SHARE * np.diff(at, append=np.inf)[score.position]
    late = np.minimum(np.where(score.melody, 0.0, lead) + jitter, room)
    return np.maximum(at[score.position] + late, 0.0)


def _mistakes(score: _Score, style: Expression, rng: np.random.Generator) -> NDArray[np.int64]:
    """(notes,) what becomes of each printed note. The first and last score positions are always played."""
    shares = np.cumsum([style.missed, style.wrong_instead, style.wrong_beside])
    draw, spared = rng.random((2, len(score.pitch)))
    kind = np.select(list(draw < shares[:, None]), [_MISSED, _INSTEAD, _BESIDE], _PLAYED)
    size = np.bincount(score.position)[score.position]
    ends = (score.position == 0) | (score.position == score.position.max())
    kind[ends | ((size == 1) & (kind != _BESIDE) & (spared >= style.lone_silent))] = _PLAYED
    sounding = np.bincount(score.position, (kind == _PLAYED) | (kind == _BESIDE))
    empty = (sounding[score.position] == 0) & (size > 1)  # never a whole chord
    kind[empty & score.melody] = _PLAYED
    return kind


def _in_order(onset: Floats, score: _Score, silent: NDArray[np.bool_], closest_s: float) -> Floats:
    """``onset`` with whole positions moved later where they begin less than ``closest_s`` after the one before."""
    first = np.full(len(score.position_s), np.inf)
    np.minimum.at(first, score.position[~silent], onset[~silent])
    begins = np.isfinite(first)
    steps = closest_s * np.arange(begins.sum())
    later = np.zeros(len(first))
    later[begins] = np.maximum.accumulate(first[begins] - steps) + steps - first[begins]
    moved: Floats = onset + later[score.position]
    return moved


def _articulate(length: Floats, style: Expression, rng: np.random.Generator) -> Floats:
    """(notes,) seconds that each key stays down."""
    share = rng.uniform(*style.articulation) + style.articulation_spread * rng.standard_normal(len(length))
    return np.maximum(length * share, style.shortest_s)


def _velocities(
    written: NDArray[np.int64], score: _Score, style: Expression, rng: np.random.Generator
) -> NDArray[np.int64]:
    """(notes,) MIDI velocities: phrase arch, wandering, melody, long notes, chance."""
    start = score.position_s[score.position]
    loud = written + rng.uniform(*style.piece_velocity)
    loud = loud + rng.uniform(*style.arch_velocity) * arch(start, score.bounds)
    loud += style.drift_velocity * drift(start, style.drift_period_s, rng)
    loud += style.melody_velocity * score.melody
    length = np.maximum(score.length_s, style.shortest_s)
    loud += style.accent_velocity * np.clip(np.log2(length / np.median(length)), -1, 1)
    loud += style.jitter_velocity * rng.standard_normal(len(loud))
    velocity: NDArray[np.int64] = np.clip(np.rint(loud), *style.velocities).astype(np.int64)
    return velocity


def _wrong_notes(
    score: _Score,
    kind: NDArray[np.int64],
    onset: Floats,
    length: Floats,
    velocity: NDArray[np.int64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The neighbouring keys that are struck instead of or beside the right ones."""
    rows = []
    for note in np.flatnonzero((kind == _INSTEAD) | (kind == _BESIDE)):
        chord = set(score.pitch[score.position == score.position[note]])
        keys = [int(score.pitch[note]) + step for step in NEIGHBOURS]
        keys = [key for key in keys if key not in chord and LOWEST_KEY <= key <= HIGHEST_KEY]
        choice = rng.random()  # drawn even if no key is free: later notes do not depend on it
        if keys:
            soft = BESIDE_LOUDNESS if kind[note] == _BESIDE else 1.0
            key = keys[int(choice * len(keys))]
            rows.append((float(onset[note]), float(length[note]), key, max(1, round(soft * int(velocity[note])))))
    types = {"onset_s": "float64", "duration_s": "float64", "pitch": "int64", "velocity": "int64"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)
