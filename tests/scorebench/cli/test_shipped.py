"""The weights that ship, from the command line to a table of results."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scorebench.cli import cli
from scorebench.store import StoreDataset
from tests.scorebench.helpers import TINY


def ran(tracker: str, dataset: Path, split: str, out: Path) -> dict[str, object]:
    """The manifest of a run."""
    words = ["run", "--tracker", tracker, "--dataset", str(dataset), "--split", split, "--out", str(out)]
    done = CliRunner().invoke(cli, words)
    assert done.exception is None, done.output
    (manifest,) = out.rglob("manifest.json")
    found: dict[str, object] = json.loads(manifest.read_text())
    return found


@pytest.mark.parametrize("tracker", ["cyolo", "cyolo-ir", "cunet"])
def test_a_folder_in_the_layout_of_the_authors(tracker: str, tmp_path: Path) -> None:
    manifest = ran(tracker, TINY, "full", tmp_path)
    assert manifest["complete"] is True
    assert manifest["failed"] == []


def test_the_room_of_mini(small_mini: StoreDataset, tmp_path: Path) -> None:
    assert ran("cyolo-ir", small_mini.root, "subset-room", tmp_path)["complete"] is True
