"""A dataset made of splits of others."""

import json
import shutil
from pathlib import Path

import pytest

from scorebench.authors_layout import AuthorsDataset
from scorebench.build.corpus import card_facts
from scorebench.composite import CompositeDataset
from scorebench.dataset import CONDITIONS, Dataset
from scorebench.errors import UsageError
from scorebench.store import StoreDataset
from tests.scorebench.helpers import PIECES, TINY

CARD = {
    "name": "both",
    "version": "1",
    "conditions": {
        "full": {"dataset": "tiny", "split": "full", "title": "Tiny"},
        "subset-room": {"dataset": "mini", "split": "subset-room", "title": "A room"},
    },
}


@pytest.fixture
def both(small_mini: StoreDataset) -> CompositeDataset:
    parts: dict[str, Dataset] = {"tiny": AuthorsDataset(TINY), "mini": small_mini}
    return CompositeDataset(CARD, parts.__getitem__)


def test_its_splits_are_those_of_its_parts(both: CompositeDataset, small_mini: StoreDataset) -> None:
    assert both.splits() == ("full", "subset-room")
    assert tuple(both.pieces("full")) == PIECES
    assert list(both.pieces("subset-room")) == list(small_mini.pieces("subset-room"))
    assert both.load("full", PIECES[0]).piece == PIECES[0]
    assert both.titles == {"full": "Tiny", "subset-room": "A room"}
    with pytest.raises(UsageError, match="no split 'subset-direct'"):
        both.pieces("subset-direct")


def test_its_hash_follows_its_parts_and_their_places(both: CompositeDataset, small_mini: StoreDataset) -> None:
    class Other:
        def __init__(self, part: Dataset) -> None:
            self.hash = part.hash[::-1]

    other = {"tiny": Other(AuthorsDataset(TINY)), "mini": small_mini}
    assert CompositeDataset(CARD, other.__getitem__).hash != both.hash  # type: ignore[arg-type]
    swapped = {**CARD, "conditions": {**CARD["conditions"], "full": {**CARD["conditions"]["subset-room"]}}}
    same = {"tiny": AuthorsDataset(TINY), "mini": small_mini}
    assert CompositeDataset(swapped, same.__getitem__).hash != both.hash


def test_pieces_of_other_splits_do_not_change_it(small_mini: StoreDataset, tmp_path: Path) -> None:
    copy = tmp_path / "store"
    shutil.copytree(small_mini.root, copy)
    index = json.loads((copy / "dataset.json").read_text())
    only_full = next(p for p in small_mini.pieces("full") if p not in small_mini.pieces("subset-room"))
    for path in index["files"]:
        if path.startswith(f"pieces/{only_full}/"):
            index["files"][path] = "0" * 64
    (copy / "dataset.json").write_text(json.dumps({**index, "hash": "1" * 64}))
    other = StoreDataset(copy)
    assert other.split_hash("subset-room") == small_mini.split_hash("subset-room")
    assert other.split_hash("full") != small_mini.split_hash("full")
    room = {**CARD, "conditions": {"subset-room": CARD["conditions"]["subset-room"]}}
    assert CompositeDataset(room, lambda _: other).hash == CompositeDataset(room, lambda _: small_mini).hash


def test_the_card_of_open_has_the_five_sections_of_table_2() -> None:
    _, card = card_facts("open")
    assert tuple(card["conditions"]) == CONDITIONS
    assert {about["dataset"] for about in card["conditions"].values()} == {"msmd-rebuild", "performed"}
