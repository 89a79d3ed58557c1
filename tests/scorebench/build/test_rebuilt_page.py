"""Performances on pages that LilyPond engraves from another source: joined by score time and pitch, or not scored."""

import dataclasses
import json
from pathlib import Path

import pytest

from scorebench.build import lilypond, performed, performed_card
from scorebench.build.engrave import engrave
from scorebench.build.human import LEAD_S, Human, on_page
from scorebench.build.matches import read_match
from scorebench.build.msmd_rebuild import Source
from scorebench.build.musicxml import prepare
from scorebench.build.notated import read_notated
from scorebench.build.performed_card import PerformedCard, read_performed_card
from scorebench.build.playorder import play_order, resolve
from scorebench.build.rebuilt_page import RebuiltPage, rebuilt_page, renamed
from scorebench.checking import check_dataset
from scorebench.errors import DataError, MissingDependencyError
from scorebench.store import StoreDataset
from tests.scorebench.build.human_score import match_lines, score, write_match
from tests.scorebench.build.lilypond_source import needs_lilypond, write_source
from tests.scorebench.build.lilypond_source import score as lilypond_score
from tests.scorebench.build.small_performed import small_card, small_sources

PATH = "ftp/NobodyA/O1/o1-1/x.ly"
MUSIC = "\\new Staff { \\repeat volta 2 { <c' e'>4 g' fis' e' | d' r f' g' } a' b' c'' d'' | c'' g' e' c' }"
"""The bars of ``human_score.score``, with f sharp for the f in the first."""

DOUBTFUL = "\\new Staff { <c' e'>4 g' f' << { e' } \\\\ { e' } >> | d' b' f' g' | a' b' c'' d'' | c'' g' e' c' }"
"""The same with a note in two voices, and one that the performed score hides."""


def page(folder: Path, music: str = MUSIC) -> RebuiltPage:
    home = folder / "mutopia" / Path(PATH).parent
    home.mkdir(parents=True)
    write_source(home, lilypond_score(music))
    text = prepare(score(), "Four bars", "Nobody", 60.0)
    return rebuilt_page("four", folder / "mutopia", PATH, engrave(text, "four"), read_notated(text, "four", 60.0), 60.0)


@needs_lilypond
def test_notes_are_joined_where_time_and_pitch_leave_no_doubt(tmp_path: Path) -> None:
    rebuilt = page(tmp_path, DOUBTFUL)
    assert rebuilt.join.counts == {
        "notes_on_page": 18,
        "joined": 15,
        "not_in_performed_score": 1,
        "ambiguous": 2,
        "performed_score_only": 0,
    }
    notes = rebuilt.engraving.notes.set_index("note_id")
    pitch = {"n1": 60, "n2": 64, "n4": 67, "n7": 62, "n9": 65, "n10": 67, "n13": 72, "n18": 60}
    assert {name: notes["pitch"][rebuilt.join.names[name]] for name in pitch} == pitch
    assert rebuilt.notated.onset_s[rebuilt.join.names["n9"]] == pytest.approx(6.0)
    assert rebuilt.notated.bar[rebuilt.join.names["n9"]] == 1
    assert rebuilt.notated.end_s[rebuilt.join.names["n9"]] == pytest.approx(7.0)
    assert not {"n3", "n6", "n8"} & rebuilt.join.names.keys()


def play(rebuilt: RebuiltPage, path: Path) -> Human:
    match = renamed(read_match(path), rebuilt.join.names)
    return on_page(play_order(rebuilt.engraving, rebuilt.notated, match, 3), match, path.name)


@needs_lilypond
def test_a_performance_follows_its_repeat_on_that_page(tmp_path: Path) -> None:
    rebuilt = page(tmp_path)
    human = play(rebuilt, write_match(tmp_path / "a.match", match_lines()))
    notes = human.notes.set_index("note_id")
    assert len(notes) == 24
    for name, second in (("n1", 0.0), ("n7", 4.0), ("n7@2", 12.0), ("n11", 16.0), ("n18", 23.0)):
        printed, at, visit = name.partition("@")
        row = notes.loc[rebuilt.join.names[printed] + at + visit]
        assert row["onset_s"] == pytest.approx(LEAD_S + second, abs=2e-3)
        assert row["score_onset_s"] == pytest.approx(second)
    assert human.counts["scored"] == human.counts["positions"] - 2  # f sharp, twice: on the page, and not played
    assert human.counts["not_played"] == human.counts["notes_not_played"] == 2
    assert len(human.sounding) == 29
    assert rebuilt.join.counts["performed_score_only"] == 1


@needs_lilypond
def test_a_page_with_grace_notes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="only plain pages"):
        page(tmp_path, "\\new Staff { \\grace d'8 c'4 e' f' g' }")


def test_an_anchor_that_is_not_on_the_page_names_none_of_its_notes(tmp_path: Path) -> None:
    match = read_match(write_match(tmp_path / "a.match", match_lines(repeat=False)))
    anchors = renamed(match, {"n1": "n7", "n2-1": "n9"}).links["anchor"].tolist()
    assert anchors[:3] == ["n7-1", "n9", "?n3-1"]


def card() -> PerformedCard:
    plain = small_card()
    one = dataclasses.replace(plain.works[0], msmd="NobodyA__O1__o1-1")
    return dataclasses.replace(plain, works=(one, plain.works[1]))


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (performed, performed_card):
        monkeypatch.setattr(module, "msmd_piece", lambda name: Source(name, "test", PATH, "0", "CC BY", False))
    monkeypatch.setattr(performed, "read_performed_card", card)
    folder = small_sources(tmp_path / "sources")
    home = folder / "mutopia" / Path(PATH).parent
    home.mkdir(parents=True)
    write_source(home, lilypond_score(MUSIC))
    return folder


def build(root: Path, source: Path) -> StoreDataset:
    return performed.build_performed(root, source, jobs=1, progress=False)


@needs_lilypond
def test_both_kinds_of_pages_stand_in_one_store(sources: Path, tmp_path: Path) -> None:
    store = build(tmp_path / "store", sources)
    assert store.facts["failures"] == []
    assert check_dataset(store)[1] == []
    assert store.hash == build(tmp_path / "again", sources).hash
    rebuilt, plain = (store.load("full", name) for name in store.pieces("full"))
    assert (len(rebuilt.notes), len(plain.notes)) == (24, 24)
    assert rebuilt.notes["onset_s"].notna().all()  # the synthetic condition plays what is printed
    about = json.loads((store.root / "pieces" / "NobodyA__O1__o1-1" / "piece.json").read_text())
    assert about["engraving"]["licence"] == "CC BY"
    assert about["engraving"]["join"]["joined"] == 15
    assert f"mutopia/{PATH}" in store.facts["sources"]


def test_without_lilypond_the_other_pieces_are_built(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> list[str]:
        raise MissingDependencyError(f"{name} is not installed; install it")

    with monkeypatch.context() as patch:
        patch.setattr(lilypond, "find_program", absent)
        store = build(tmp_path / "store", sources)
    assert store.pieces("full") == ["NobodyA__O1__o1-2"]
    assert store.facts["failures"] == ["NobodyA__O1__o1-1: convert-ly is not installed; install it"]
    assert store.facts["tools"]["lilypond"] == "not installed"


def test_a_page_whose_source_is_missing_is_named(sources: Path, tmp_path: Path) -> None:
    (sources / "mutopia" / PATH).unlink()
    store = build(tmp_path / "store", sources)
    assert store.pieces("full") == ["NobodyA__O1__o1-2"]
    assert store.facts["failures"] == [
        f"NobodyA__O1__o1-1: {PATH}: not in the source folder; it must hold ftp/ of the Mutopia project"
    ]


@needs_lilypond
@pytest.mark.parametrize(
    ("msmd", "notes", "joined", "played_through"),
    [
        ("MozartWA__KV331__KV331_1_2_var1", 336, 335, 3),  # A, then A and B later by A, then B later by A and B
        pytest.param("MozartWA__KV331__KV331_1_5_var4", 485, 483, 3, marks=pytest.mark.slow),
        pytest.param("BachJS__BWV856__BWV856_Fugue11", 670, 664, 1, marks=pytest.mark.slow),
    ],
)
def test_nearly_every_note_of_msmds_pages_is_joined(
    shared: Path, msmd: str, notes: int, joined: int, played_through: int
) -> None:
    work = next(w for w in read_performed_card().works if w.msmd == msmd)
    matches, _ = performed._matches(work, shared)
    engraving, notated, matches, about = performed._on_pages(work, shared, matches)
    assert (about["join"]["notes_on_page"], about["join"]["joined"]) == (notes, joined)
    human = on_page(play_order(engraving, notated, matches["p01"], 3), matches["p01"], work.name)
    assert human.counts["scored"] > 0.98 * human.counts["positions"] > 300
    # The .match file's own beats (eighth notes) agree: they lead by nothing, or by the repeats that were played.
    links = resolve(matches["p01"], frozenset(engraving.notes["note_id"]))
    eighths = links["printed_id"].map(notated.onset_s) * work.tempo_bpm / 30
    lead = (links["beat"] - eighths).round(3)
    assert len(links) >= joined
    assert lead.nunique() == played_through
