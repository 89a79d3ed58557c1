"""The weights that ship, from the command line to a table of results."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scorebench.cli import cli
from scorebench.store import StoreDataset
from scorebench.weights import read_card
from tests.scorebench.helpers import PIECES, TINY

ROOT = Path(__file__).parents[3]
SHIPPED = sorted([*ROOT.glob("cyolo/weights/*.safetensors"), *ROOT.glob("baselines/*/weights/*.safetensors")])


def ran(tracker: str, dataset: Path, split: str, piece: str, out: Path) -> dict[str, object]:
    """The manifest of a run on one piece."""
    words = ["run", "--tracker", tracker, "--dataset", str(dataset), "--split", split, "--piece", piece]
    words += ["--out", str(out)]
    done = CliRunner().invoke(cli, words)
    assert done.exception is None, done.output
    (manifest,) = out.rglob("manifest.json")
    found: dict[str, object] = json.loads(manifest.read_text())
    return found


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_weights_are_small_and_their_card_is_the_one_beside_them(path: Path) -> None:
    assert path.stat().st_size < 8_000_000
    card = json.loads(path.with_suffix(".card.json").read_text())
    assert card == read_card(path)
    assert card.keys() >= {"command", "curve", "data", "demo", "recipe"}


@pytest.mark.parametrize("tracker", ["cyolo", "cyolo-ir", "cunet"])
def test_a_folder_in_the_layout_of_the_authors(tracker: str, tmp_path: Path) -> None:
    manifest = ran(tracker, TINY, "full", PIECES[0], tmp_path)
    assert manifest["complete"] is True
    assert manifest["failed"] == []


def test_the_room_of_mini(small_mini: StoreDataset, tmp_path: Path) -> None:
    piece = small_mini.pieces("subset-room")[0]
    assert ran("cyolo-ir", small_mini.root, "subset-room", piece, tmp_path)["complete"] is True
