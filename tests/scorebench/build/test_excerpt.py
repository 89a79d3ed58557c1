"""A few bars out of a score."""

import xml.etree.ElementTree as ET

import pytest

from scorebench.build.editions import tidy
from scorebench.build.engrave import engrave
from scorebench.build.excerpt import bars_between
from scorebench.build.musicxml import prepare
from scorebench.errors import DataError
from tests.scorebench.build.human_score import score


def test_clef_key_and_time_go_with_the_bars() -> None:
    text = bars_between(score(), "3", "4", "four-bars")
    root = ET.fromstring(text)
    assert [m.get("number") for m in root.iter("measure")] == ["3", "4"]
    attributes = root.find("part/measure/attributes")
    assert attributes is not None
    assert [e.tag for e in attributes] == ["divisions", "key", "time", "clef"]
    engraving = engrave(prepare(text, "Two bars", "Nobody", 60), "two-bars")
    assert engraving.notes["note_id"].tolist() == [f"n{i}" for i in range(11, 19)]


def test_what_a_bar_says_itself_comes_first() -> None:
    own = '<measure number="3"><attributes><key><fifths>2</fifths></key></attributes>'
    text = bars_between(score().replace('<measure number="3">', own), "3", "3", "four-bars")
    root = ET.fromstring(text)
    assert [k.text for k in root.iter("fifths")] == ["2"]
    assert root.find("part/measure/attributes/divisions") is not None


@pytest.mark.parametrize("bars", [("3", "9"), ("0", "2")])
def test_bars_that_are_not_there(bars: tuple[str, str]) -> None:
    with pytest.raises(DataError, match="bars numbered"):
        bars_between(score(), *bars, "four-bars")


def test_titles_and_analysis_are_no_music() -> None:
    words = "".join(
        f"<direction><direction-type><words>{text}</words></direction-type></direction>"
        for text in ("Op.16 Nr. 4", "Lento, ma non troppo  1)", "1o Tempo", "W.A. Mozart", "Sehr langsam M.M.")
    )
    analysis = "<harmony><root><root-step>C</root-step></root></harmony>"
    text = tidy(score().replace('<note id="n7">', f'{words}{analysis}<note id="n7">'), "four-bars")
    root = ET.fromstring(text)
    assert [w.text for w in root.iter("words")] == [None, "Lento, ma non troppo", "1o Tempo", None, "Sehr langsam"]
    assert root.find("part/measure/harmony") is None


def test_second_staff_is_declared() -> None:
    text = score().replace("<voice>1</voice><type>", "<voice>1</voice><staff>1</staff><type>")
    assert ET.fromstring(tidy(text, "a")).find("part/measure/attributes/staves") is None
    attributes = ET.fromstring(tidy(text.replace("<staff>1", "<staff>2"), "a")).find("part/measure/attributes")
    assert attributes is not None
    assert [e.tag for e in attributes] == ["divisions", "key", "time", "staves", "clef"]
