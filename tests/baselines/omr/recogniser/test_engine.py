import time
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from baselines.omr import recogniser
from baselines.omr.recogniser import BuiltIn
from baselines.omr.recogniser.look import WEIGHTS
from baselines.omr.recogniser.training.snippets import score
from baselines.omr.scores import page_counts
from baselines.omr.tracker import omr
from scorebench.errors import DataError
from scorebench.files import sha256_file

TUNE = """<?xml version="1.0" encoding="UTF-8"?><mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0">
<music><body><mdiv><score><scoreDef keysig="1s" meter.count="3" meter.unit="4"><staffGrp symbol="brace" bar.thru="true">
<staffDef n="1" lines="5" clef.shape="G" clef.line="2"/><staffDef n="2" lines="5" clef.shape="F" clef.line="4"/>
</staffGrp></scoreDef><section>{}</section></score></mdiv></body></music></mei>"""
MEASURE = """<measure n="{n}"{bars}><staff n="1"><layer n="1"><note dur="4" pname="d" oct="5"/><beam>
<note dur="8" pname="g" oct="4"/><note dur="8" pname="a" oct="4"/><note dur="8" pname="b" oct="4"/>
<note dur="8" pname="c" oct="5"/></beam></layer></staff><staff n="2"><layer n="1"><chord dur="2">
<note pname="g" oct="3"/><note pname="b" oct="3"/></chord><note dur="4" pname="a" oct="3"/></layer></staff></measure>"""


@pytest.fixture(scope="module")
def engraving():
    pytest.importorskip("verovio")
    pytest.importorskip("cairosvg")
    from scorebench.build.engrave import engrave

    return engrave(TUNE.format("".join(MEASURE.format(n=n + 1, bars="") for n in range(24))), "tune")


def test_reads_what_an_engraver_drew(engraving):
    page = engraving.pages[0]
    reading = BuiltIn().read(page.image)
    true = engraving.notes[engraving.notes["page"] == 0]
    counts = page_counts(true, reading, page.image.shape[1])
    assert counts["pitches"] >= 0.95 * max(counts["true"], counts["read"])
    assert counts["ordered"] >= 0.98 * counts["pitches"]
    assert set(reading.measures["fifths"]) == {1}
    assert set(reading.measures["clefs"]) == {"G,F"}
    assert len(reading.systems) == len(page.systems)


def test_repeat_signs_are_read_where_they_stand():
    pytest.importorskip("verovio")
    pytest.importorskip("cairosvg")
    from scorebench.build.engrave import engrave

    bars = {3: ' left="rptstart"', 8: ' right="rptboth"', 13: ' right="rptend"', 17: ' right="dbl"', 24: ' right="end"'}
    tune = TUNE.format("".join(MEASURE.format(n=n, bars=bars.get(n, "")) for n in range(1, 25)))
    measures = BuiltIn().read(engrave(tune, "tune").pages[0].image).measures
    assert len(measures) == 24
    assert measures.index[measures["repeat_begins"]].tolist() == [2, 8]
    assert measures.index[measures["repeat_ends"]].tolist() == [7, 12]


def test_the_same_picture_gives_the_same_reading(engraving):
    image = engraving.pages[0].image
    first, second = BuiltIn().read(image), BuiltIn().read(image)
    assert first.notes.equals(second.notes)
    assert first.measures.equals(second.measures)


def test_a_run_knows_by_which_weights_it_was_read():
    [weights] = Path(recogniser.__file__).parent.glob("*.safetensors")
    assert omr().identity == {"engine": "built-in", "weights_sha256": sha256_file(weights)}


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_empty_picture_holds_nothing(grey):
    reading = BuiltIn().read(np.full((600, 400), grey, np.uint8))
    assert reading.confidence == 0
    assert reading.notes.empty


def test_noise_and_photographs_hold_nothing():
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (900, 700), np.uint8)
    rows, columns = np.mgrid[:900, :700]
    photograph = (127 + 60 * np.sin(rows / 90) + 60 * np.cos(columns / 70)).astype(np.uint8)
    for picture in (noise, photograph):
        assert BuiltIn().read(picture).confidence == 0


def test_staves_without_notes_hold_nothing(page):
    assert BuiltIn().read(page(700, 800, [150, 220, 400, 470], 7)).confidence == 0


def test_a_huge_scan_takes_seconds():
    image = np.full((10_000, 7_000), 255, np.uint8)
    image[2000:2010] = 0
    began = time.process_time()
    assert BuiltIn().read(image).confidence == 0
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "picture", [np.zeros((50, 50), np.uint8), np.zeros((300, 300, 3), np.uint8), np.zeros((300, 300), np.float32)]
)
def test_what_is_no_grey_picture_is_refused(picture):
    with pytest.raises(DataError, match="picture is"):
        BuiltIn().read(picture)


def test_the_weights_are_small_and_their_card_says_what_they_are():
    folder = files("baselines.omr.recogniser")
    card = tomllib.loads((folder / "card.toml").read_text(encoding="utf-8"))
    weights = (folder / card["weights_file"]).read_bytes()
    assert card["weights_file"] == WEIGHTS
    assert len(weights) < 2_000_000
    assert all(0.9 < score <= 1 for scores in card["measured"].values() for score in scores.values())


def test_random_scores_depend_on_their_seed_alone():
    assert score(3, 4) == score(3, 4) != score(4, 4)
