"""A dataset `performed` of two works, and a folder with the sources that it is built from."""

import dataclasses
from pathlib import Path

import numpy as np
import soundfile

from scorebench.build.performed_card import PerformedCard, Work, read_performed_card
from tests.scorebench.build.human_score import match_lines, score, write_match


def small_sources(folder: Path) -> Path:
    """A source folder with one score, two performances of it, and rooms."""
    for name in ("performances", "irs"):
        (folder / name).mkdir(parents=True)
    (folder / "performances" / "four.musicxml").write_text(score())
    write_match(folder / "performances" / "a.match", match_lines())
    write_match(folder / "performances" / "b.match", match_lines(silent=("n4-1",)))
    decay = np.exp(-np.arange(4000) / 800) * np.random.default_rng(1).standard_normal(4000)
    decay[0] = 3.0
    soundfile.write(folder / "irs" / "hall.wav", np.stack([decay, -decay], 1) * 0.2, 22050)
    soundfile.write(folder / "irs" / "living.wav", decay * 0.2, 22050)
    return folder


def small_card() -> PerformedCard:
    paths = ("performances/a.match", "performances/b.match")
    one = Work(
        "NobodyA__O1__o1-1",
        "O1",
        "no. 1",
        "A. Nobody",
        "Four bars",
        "made",
        "performances/four.musicxml",
        paths,
        60,
        "hall",
    )
    two = dataclasses.replace(one, name="NobodyA__O1__o1-2", movement="no. 2", performances=paths[:1])
    hall, living = (dataclasses.replace(r, name="") for r in list(read_performed_card().rooms.values())[-2:])
    rooms = {
        "hall": dataclasses.replace(hall, name="hall", source="irs/hall.wav"),
        "living": dataclasses.replace(living, name="living", source="irs/living.wav"),
    }
    return PerformedCard("1", 7, 3, 20.0, (one, two), rooms, {"made": "CC0"}, {}, {"conditions": {}})
