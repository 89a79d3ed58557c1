"""Trackers and a dataset that several tests use."""

import json
import shutil
from pathlib import Path

import numpy as np

from scorebench.score import ScoreView
from scorebench.store import StoreDataset
from scorebench.store_writer import finish
from scorebench.tracker import Position

TINY = Path(__file__).parents[1] / "fixtures/cyolo/dataset"
PIECES = tuple(f"Synth__tiny0{i}__tiny0{i}_synth" for i in range(3))


def copy_tiny(folder: Path, *pieces: str) -> Path:
    """A dataset folder of our own, to be damaged."""
    folder.mkdir()
    for piece in pieces or PIECES:
        for ending in (".npz", ".wav"):
            shutil.copy(TINY / (piece + ending), folder)
    return folder


def copy_to_train_on(dataset: StoreDataset, folder: Path) -> Path:
    """A page store like ``dataset``, which has two pieces: one to train on, and one to validate with."""
    shutil.copytree(dataset.root, folder)
    for name, piece in zip(("train", "valid"), dataset.pieces("full"), strict=True):
        (folder / "splits" / f"{name}.txt").write_text(f"{piece}\n")
    for piece in (folder / "pieces").iterdir():
        about = json.loads((piece / "piece.json").read_text())
        about["conditions"].update(dict.fromkeys(("train", "valid"), about["conditions"]["full"]))
        (piece / "piece.json").write_text(json.dumps(about))
    index_again(folder)
    return folder


def index_again(store: Path) -> None:
    """Make what was changed in a page store part of it: its index tells of the files as they are."""
    splits = {path.stem: path.read_text().split() for path in (store / "splits").iterdir()}
    finish(store, StoreDataset(store).facts, splits)


class Wanderer:
    """Goes to a place that depends on how much was heard: cheap, and different at every frame."""

    given: frozenset[str] = frozenset()

    def open(self, score: ScoreView, seed: int) -> "Wanderer":
        follower = Wanderer()
        follower.heard = 0
        follower.height, follower.width = score.pages[0].shape
        return follower

    def hear(self, samples: np.ndarray) -> Position:
        self.heard += len(samples)
        place = self.heard % 7919
        return Position(place % self.width, place % self.height, heard_s=self.heard / 22050)


class RaisesOnPage(Wanderer):
    """Dies on the ``count``-th page it opens."""

    def __init__(self, count: int) -> None:
        self.count, self.opened = count, 0

    def open(self, score: ScoreView, seed: int) -> Wanderer:
        self.opened += 1
        if self.opened == self.count:
            raise ZeroDivisionError("this page is too hard\nand this is the second line")
        return super().open(score, seed)
