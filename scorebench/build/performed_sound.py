"""How a piece of the dataset ``performed`` sounds in each condition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.build.human import Human, on_page
from scorebench.build.matches import Match
from scorebench.build.notated import Notated
from scorebench.build.performed_card import PerformedCard, Work
from scorebench.build.playorder import Played
from scorebench.build.real_room import in_measured_room, room_response
from scorebench.errors import DataError
from scorebench.score import NOTE_COLUMNS, as_table

DEADPAN_VELOCITY = 72
"""Loudness of every note in the synthetic conditions, as in the dataset ``mini``."""

GRACE_S = 0.06
"""Length of a grace note in the synthetic conditions: the notes of a group end where their main note begins."""

TAIL_S = 1.0
"""Sound after the last key is released."""

PERFORMER = "subset-performance@"
"""Beginning of the splits of single pianists: p01 is the first of each piece, p02 the second."""


@dataclass
class Sounding:
    """One piece as it is put together.

    Attributes:
        timings: name -> ``TIMING_COLUMNS`` and more, one row a printed note.
        sounds: name -> (samples,) float32 at 22 050 Hz.
        conditions: split -> the names of its timing and of its sound.
        performers: p01, p02, ... -> file, and what of it is scored.
        failures: one line for everything that is missing.
    """

    timings: dict[str, pd.DataFrame] = field(default_factory=dict)
    sounds: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    conditions: dict[str, dict[str, str]] = field(default_factory=dict)
    performers: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, audio: str, timing: str, sound: NDArray[np.float32], *splits: str) -> None:
        """Keep one sound, and say which splits have it with which timing."""
        self.sounds[audio] = sound
        for split in splits:
            self.conditions[split] = {"audio": audio, "timing": timing}


def synthetic(piece: Sounding, played: Played, notated: Notated) -> None:
    """The score as it is written, at even tempo and loudness, on the training piano."""
    from scorebench.synth import render

    notes = played.notes.assign(
        onset_s=played.notes["score_onset_s"], duration_s=played.notes["score_duration_s"], velocity=DEADPAN_VELOCITY
    )
    piece.timings["synthetic"] = as_table(notes, NOTE_COLUMNS, "synthetic")
    sounding = pd.concat([piece.timings["synthetic"], _graces(notes, notated)], ignore_index=True)
    piece.add("synthetic", "synthetic", render(sounding, "piano", tail_s=TAIL_S), "full", "subset-synthetic")


def _graces(notes: pd.DataFrame, notated: Notated) -> pd.DataFrame:
    """The grace notes of the synthetic condition, before their main notes."""
    rows: list[tuple[float, int]] = []
    for name, at in zip(notes["printed_id"], notes["onset_s"], strict=True):
        for back, group in enumerate(reversed(notated.graces.get(name, ())), start=1):
            rows += [(max(0.0, at - back * GRACE_S), notated.grace_pitch[grace]) for grace in group]
    table = pd.DataFrame(rows, columns=["onset_s", "pitch"]).astype({"onset_s": "float64", "pitch": "int64"})
    return table.assign(duration_s=GRACE_S, velocity=DEADPAN_VELOCITY)


def humans(piece: Sounding, played: Played, matches: Mapping[str, Match], work: Work) -> Human:
    """Every performance that fits, on the training piano. Returns the first, which all other conditions play.

    Raises:
        DataError: none fits.
    """
    from scorebench.synth import render

    first: Human | None = None
    for performer, match in matches.items():
        file = work.performances[int(performer[1:]) - 1]
        try:
            human = on_page(played, match, f"{work.name}: {file}")
        except DataError as error:
            piece.failures.append(str(error))
            continue
        name = f"performance_{performer}" if first else "performance"
        splits = [f"{PERFORMER}{performer}"] + ([] if first else ["subset-performance"])
        piece.timings[name] = human.notes
        piece.add(name, name, render(human.sounding, "piano", tail_s=TAIL_S), *splits)
        piece.performers[performer] = {"file": file, **human.counts}
        first = first or human
    if first is None:
        raise DataError(piece.failures[-1])
    return first


def rooms(piece: Sounding, human: Human, card: PerformedCard, work: Work, source: Path) -> None:
    """The other piano, dry, in one of the measured rooms, and in the simulated one."""
    from scorebench.synth import render

    dry = render(human.sounding, "other-piano", tail_s=TAIL_S)
    piece.add("direct", "performance", dry, "subset-direct")
    simulated = [room.name for room in card.rooms.values() if room.simulated]
    wanted = {"subset-room": ("room", work.room)}
    wanted |= {f"subset-room@{name}": (f"room_{name}", name) for name in simulated}
    for split, (audio, name) in wanted.items():
        try:
            response = room_response(card.rooms[name], source)
        except DataError as error:
            piece.failures.append(f"{work.name}, {split}: {error}")
            continue
        piece.add(audio, "performance", in_measured_room(dry, response, card.snr_db, card.seed, work.name), split)
