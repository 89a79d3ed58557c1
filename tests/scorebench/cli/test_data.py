"""``scorebench data``: what it prints, and how it ends."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner, Result
from PIL import Image

from scorebench.authors_layout import AuthorsDataset
from scorebench.cli.data import data
from scorebench.errors import ScorebenchError, UsageError
from scorebench.score import PRINTED_COLUMNS
from scorebench.store import StoreDataset
from scorebench.store_writer import write_table
from tests.scorebench.helpers import PIECES, copy_tiny, index_again

PIECE = "SchoenbergA__O19__o19-2"


def call(*words: object) -> Result:
    return CliRunner().invoke(data, [str(w) for w in words])


@pytest.mark.parametrize("command", ["list", "build", "info", "check", "show"])
def test_help_has_an_example(command: str) -> None:
    assert f"scorebench data {command}" in call(command, "--help").output


def test_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path))
    assert "mini  version 2  20 pieces  not built" in call("list").output


def test_info(small_mini: StoreDataset) -> None:
    out = call("info", small_mini.root).output
    for expected in (small_mini.hash, "full: 2 pieces", "licence", "SIMULATED", "verovio"):
        assert expected in out


def test_check_of_a_sound_dataset(small_mini: StoreDataset) -> None:
    done = call("check", small_mini.root)
    assert done.exit_code == 0
    assert "full: 2 pieces, 2 pages" in done.stdout
    assert "mini is sound" in done.stdout


def problems(folder: Path) -> str:
    done = call("check", folder)
    assert isinstance(done.exception, ScorebenchError)
    assert done.exception.exit_code == 1
    return done.stderr


def test_check_finds_a_changed_file(damaged: Path) -> None:
    with (damaged / "pieces" / PIECE / "piece.json").open("a") as file:
        file.write("\n")
    assert "piece.json: changed" in problems(damaged)


def test_check_finds_a_missing_and_a_new_file(damaged: Path) -> None:
    (damaged / "pieces" / PIECE / "bars.parquet").rename(damaged / "pieces" / PIECE / "more.parquet")
    out = problems(damaged)
    assert "bars.parquet: missing" in out
    assert "more.parquet: not part of the dataset" in out


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x_px": 5.0}, "outside its system"),
        ({"x_px": 2000.0}, "outside its system"),
        ({"position": 0}, "is on two systems"),
    ],
)
def test_check_finds_notes_in_wrong_places(damaged: Path, change: dict[str, float], expected: str) -> None:
    path = damaged / "pieces" / PIECE / "notes.parquet"
    write_table(path, pd.read_parquet(path).assign(**change), PRINTED_COLUMNS)
    index_again(damaged)
    assert expected in problems(damaged)


def test_check_finds_time_running_backwards(damaged: Path) -> None:
    path = damaged / "pieces" / PIECE / "notes.parquet"
    notes = pd.read_parquet(path)
    write_table(path, notes.assign(position=notes["position"].max() - notes["position"]), PRINTED_COLUMNS)
    index_again(damaged)
    assert "not after the one before it" in problems(damaged)


def test_check_finds_short_and_silent_sound(damaged: Path) -> None:
    import soundfile

    folder = damaged / "pieces" / PIECE
    soundfile.write(folder / "synthetic.flac", np.zeros(22050), 22050)
    index_again(damaged)
    out = problems(damaged)
    assert "the sound lasts 1.00 s" in out
    assert "the sound is silent" in out


def test_check_does_not_ask_for_the_end_of_notes_whose_length_nobody_knows(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "own", PIECES[0])
    wav = folder / f"{PIECES[0]}.wav"
    samples, rate = soundfile.read(wav)
    last = AuthorsDataset(folder).load("full", PIECES[0]).notes["onset_s"].max()
    soundfile.write(wav, samples[: int((last + 0.5) * rate)], rate)
    assert call("check", folder).exit_code == 0
    soundfile.write(wav, samples[: int((last - 0.5) * rate)], rate)
    assert "the sound lasts" in call("check", folder).output


def test_check_goes_on_after_an_unreadable_piece(damaged: Path) -> None:
    (damaged / "pieces" / PIECE / "page_000.png").unlink()
    out = problems(damaged)
    assert out.count("page_000.png: missing") == 6  # once as a file, once for each split that needs it


def test_show(small_mini: StoreDataset, tmp_path: Path) -> None:
    done = call("show", small_mini.root, "o19-2:0", "--bars", "--split", "subset-performance", "-o", tmp_path / "x.png")
    assert done.exit_code == 0, done.exception
    picture = np.asarray(Image.open(tmp_path / "x.png"))
    assert picture.shape == (2362, 1670, 3)
    red, green, blue = (int(v) for v in np.ptp(picture.astype(int), axis=(0, 1)))
    assert min(red, green, blue) == 255
    assert (picture.max(axis=2) - picture.min(axis=2) > 100).sum() > 1000  # something is drawn in colour


@pytest.mark.parametrize("page", ["o19-2", "o19-2:x", "o19-2:1", "nothing:0"])
def test_show_of_no_page(small_mini: StoreDataset, tmp_path: Path, page: str) -> None:
    done = call("show", small_mini.root, page, "-o", tmp_path / "x.png")
    assert isinstance(done.exception, UsageError)
    assert not (tmp_path / "x.png").exists()


def test_build_of_nothing_known() -> None:
    assert isinstance(call("build", "msmd").exception, UsageError)
