"""Performances on the page: order, repeats, grace notes, what is not scored. All of it from a score made here."""

import sys
from pathlib import Path

import numpy as np
import pytest

from scorebench.build.engrave import Engraving, engrave
from scorebench.build.human import LEAD_S, in_order, on_page
from scorebench.build.matches import read_match
from scorebench.build.musicxml import prepare
from scorebench.build.notated import Notated, read_notated
from scorebench.build.playorder import Played, play_order
from scorebench.errors import DataError
from tests.scorebench.build.human_score import match_lines, score, write_match

TEMPO = 60.0


@pytest.fixture(scope="module")
def engraved() -> tuple[Engraving, Notated]:
    text = prepare(score(), "Four bars", "Nobody", TEMPO)
    return engrave(text, "four-bars"), read_notated(text, "four-bars", TEMPO)


def played(engraved: tuple[Engraving, Notated], path: Path, pages: int = 3) -> Played:
    return play_order(*engraved, read_match(path), pages)


def test_match_file_is_read_by_ids(tmp_path: Path) -> None:
    match = read_match(write_match(tmp_path / "a.match", match_lines(silent=("n4-1",))))
    assert len(match.strokes) == 28
    assert len(match.links) == 28
    assert match.strokes["onset_s"].is_monotonic_increasing
    assert match.links.set_index("anchor")["stroke"]["n4-1"] == -1
    assert match.links["anchor"].iloc[:2].tolist() == ["n1-1", "n2-1"]
    assert "fluidsynth" not in sys.modules or sys.modules["fluidsynth"] is not None


def test_repeated_bars_are_positions_of_their_own(engraved: tuple[Engraving, Notated], tmp_path: Path) -> None:
    path = write_match(tmp_path / "a.match", match_lines())
    notes = played(engraved, path).notes
    names = notes["note_id"].tolist()
    assert names[:3] == ["n1", "n2", "n4"]
    assert names[-1] == "n18"
    assert names.index("n1@2") > names.index("n10")
    assert names.index("n11") > names.index("n10@2")
    assert "n3" not in names
    assert "n8" not in names
    assert notes["note_id"].is_unique
    assert (notes.groupby("position")["score_onset_s"].nunique() == 1).all()
    starts = notes.groupby("position")["score_onset_s"].first()
    assert (starts.diff().dropna() > 0).all()
    once, again = (notes[notes["note_id"] == name].iloc[0] for name in ("n7", "n7@2"))
    assert (once["x_px"], once["y_px"]) == (again["x_px"], again["y_px"])
    assert again["score_onset_s"] - once["score_onset_s"] == pytest.approx(8.0)
    assert once["score_onset_s"] == pytest.approx(4.0)


def test_without_repeat_nothing_is_twice(engraved: tuple[Engraving, Notated], tmp_path: Path) -> None:
    notes = played(engraved, write_match(tmp_path / "a.match", match_lines(repeat=False))).notes
    assert not notes["note_id"].str.contains("@").any()
    assert notes["score_onset_s"].max() == pytest.approx(15.0)


def test_key_strokes_find_their_notes(engraved: tuple[Engraving, Notated], tmp_path: Path) -> None:
    path = write_match(tmp_path / "a.match", match_lines())
    human = on_page(played(engraved, path), read_match(path), "a.match")
    onset = human.notes.set_index("note_id")["onset_s"]
    assert onset["n1"] == pytest.approx(LEAD_S, abs=1e-3)
    assert onset["n2"] - onset["n1"] == pytest.approx(0.01, abs=2e-3)
    assert onset["n4"] == pytest.approx(LEAD_S + 1, abs=2e-3)
    assert onset["n18"] == pytest.approx(LEAD_S + 23, abs=2e-3)
    assert onset["n10@2"] == pytest.approx(LEAD_S + 15, abs=2e-3)
    assert human.counts["scored"] == human.counts["positions"] == 22
    assert len(human.sounding) == 29  # with two grace notes, two hidden ones, and the wrong one
    assert human.counts["strokes_not_printed"] == 5


def test_what_is_not_played_is_not_scored(engraved: tuple[Engraving, Notated], tmp_path: Path) -> None:
    path = write_match(tmp_path / "a.match", match_lines(silent=("n5-1", "n2-1")))
    human = on_page(played(engraved, path), read_match(path), "a.match")
    onset = human.notes.set_index("note_id")["onset_s"]
    assert np.isnan(onset["n5"])
    assert np.isnan(onset["n2"])
    assert np.isfinite(onset["n1"])
    assert (human.counts["not_played"], human.counts["notes_not_played"]) == (1, 2)
    assert human.counts["scored"] == human.counts["positions"] - 1


def test_doubtful_moments_sound_but_are_not_scored(engraved: tuple[Engraving, Notated], tmp_path: Path) -> None:
    path = write_match(tmp_path / "a.match", match_lines(late=("n2-1", "n6-1")))
    human = on_page(played(engraved, path), read_match(path), "a.match")
    onset = human.notes.set_index("note_id")["onset_s"]
    assert np.isnan(onset["n1"])
    assert np.isnan(onset["n2"])
    assert np.isnan(onset["n6"])
    assert (human.counts["spread_too_wide"], human.counts["out_of_order"]) == (1, 1)
    assert len(human.sounding) == 29


def test_cut_at_a_page_and_before_a_repeat_over_pages(engraved: tuple[Engraving, Notated], tmp_path: Path) -> None:
    path = write_match(tmp_path / "a.match", match_lines())
    engraving, notated = engraved
    later = engraving.notes.assign(page=engraving.notes["note_id"].map(notated.bar).fillna(0).astype(int) // 2)
    two_pages = Engraving(engraving.piece, engraving.pages, later)
    first = play_order(two_pages, notated, read_match(path), 1)
    assert first.ends == "pages"
    assert first.notes["note_id"].iloc[-1] == "n10@2"
    assert first.pages == 1
    human = on_page(first, read_match(path), "a.match")
    assert len(human.sounding) == 21  # nothing of bar 3
    bars = engraving.notes.assign(page=engraving.notes["note_id"].map(notated.bar).fillna(0).astype(int))
    stopped = play_order(Engraving(engraving.piece, engraving.pages, bars), notated, read_match(path), 9)
    assert stopped.ends == "repeat"
    assert stopped.notes["note_id"].iloc[-1] == "n10"
    assert stopped.pages == 2


def test_an_excerpt_ends_where_the_pianist_goes_on(engraved: tuple[Engraving, Notated], tmp_path: Path) -> None:
    lines = match_lines()  # the last note is played at 25 s, in ticks of 1/960 s
    trill = "insertion-note(p200,62,24600,24700,40,0,0)."
    next_piece = "snote(x1-1,[C,n],4,7:1,0,1/4,24.0000,25.0000,[v1])-note(p201,60,26000,26500,60,0,0)."
    its_ornament = "insertion-note(p202,62,600000,600100,40,0,0)."
    path = write_match(tmp_path / "a.match", [*lines, trill, next_piece, its_ornament])
    human = on_page(played(engraved, path), read_match(path), "a.match")
    assert len(human.sounding) == 30
    assert human.sounding["onset_s"].iloc[-1] == pytest.approx(LEAD_S + (24600 / 960 - 2), abs=2e-3)


def test_the_performance_of_another_score_is_refused(engraved: tuple[Engraving, Notated], tmp_path: Path) -> None:
    other = [line.replace("snote(n", "snote(other") for line in match_lines()]
    with pytest.raises(DataError, match="knows 0% of the score's notes"):
        played(engraved, write_match(tmp_path / "b.match", other))


@pytest.mark.parametrize("content", ["", "nonsense\n", "info(matchFileVersion,1.0.0).\n"])
def test_damaged_match_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken.match").write_text(content)
    with pytest.raises(DataError, match=r"broken\.match"):
        read_match(tmp_path / "broken.match")


def test_missing_match_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such performance"):
        read_match(tmp_path / "none.match")


def test_in_order_keeps_the_heaviest_rising_part() -> None:
    time = np.array([0.0, 1.0, 5.0, 2.0, 3.0, 3.0, 4.0])
    assert in_order(time, np.ones(7)).tolist() == [0, 1, 3, 4, 6]
    assert in_order(time, np.array([1, 1, 9, 1, 1, 1, 1.0])).tolist() == [0, 1, 2]
    assert in_order(np.zeros(0), np.zeros(0)).tolist() == []
