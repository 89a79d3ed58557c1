"""The dataset `performed`: its definition against MSMD's works, and a small store built from sources made here."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from scorebench.build import performed
from scorebench.build.msmd_rebuild import msmd_piece
from scorebench.build.performed_card import read_performed_card, source_files
from scorebench.build.real_room import in_measured_room, room_response
from scorebench.checking import check_dataset
from scorebench.cli.data import data
from scorebench.cli.run import run
from scorebench.errors import DataError, UsageError
from scorebench.files import sha256_file
from scorebench.store import StoreDataset
from tests.scorebench.build.human_score import match_lines, write_match
from tests.scorebench.build.small_performed import small_card, small_sources

CARD = read_performed_card()

SAME_CATALOGUE_NUMBER = {
    ("BachJS", "BWV856"): {"prelude": ["BWV856_Praeludium11"]},
    ("ChopinFF", "O10"): {"no. 5": ["chp-10-05-let", "chp-10-05-a4"], "no. 12": ["op-10-12-wfi"]},
    ("ChopinFF", "O25"): {"no. 1": ["chopin-op-25-01"]},
    ("MozartWA", "KV331"): {
        "1st movement, theme": ["KV331_1_1_tema"],
        "1st movement, variation 2": ["KV331_1_3_var2"],
        "1st movement, variation 3": ["KV331_1_4_var3"],
        "1st movement, variation 5": ["KV331_1_6_var5"],
        "1st movement, variation 6": ["KV331_1_7_var6"],
    },
    ("RachmaninoffS", "O23"): {"no. 9": ["rach-prelude23-09"]},
}
"""(composer, catalogue number) of which `performed` has something, and what of it MSMD trains or validates on."""


def test_no_work_is_one_that_msmd_trains_or_validates_on(shared: Path) -> None:
    pieces = json.loads((shared / "mutopia" / "pieces.json").read_text())
    learnt: dict[tuple[str, str], set[str]] = {}
    for piece in pieces:
        if piece["split"] in ("train", "valid"):
            composer, catalogue, *rest = piece["piece"].split("__")
            learnt.setdefault((composer, catalogue), set()).add("__".join(rest) or catalogue)
    ours: dict[tuple[str, str], set[str]] = {}
    for work in CARD.works:
        ours.setdefault((work.name.split("__")[0], work.catalogue), set()).add(work.movement)
    shared_numbers = {key: learnt[key] for key in learnt.keys() & ours.keys()}
    assert shared_numbers == {
        key: {name for names in moves.values() for name in names} for key, moves in SAME_CATALOGUE_NUMBER.items()
    }
    for key, moves in SAME_CATALOGUE_NUMBER.items():
        assert not ours[key] & moves.keys()


def test_enough_works_of_many_composers() -> None:
    works = {(w.composer, w.catalogue, w.movement) for w in CARD.works}
    assert len(works) >= 40
    assert {w.name.split("__")[0] for w in CARD.works} >= {
        "BachJS", "BeethovenLv", "ChopinFF", "HaydnFJ", "MozartWA", "SchubertF", "SchumannR"
    }  # fmt: skip
    assert len({w.name for w in CARD.works}) == len(CARD.works)
    assert all(re.fullmatch(r"[\w-]+__[\w-]+__[\w-]+", w.name) for w in CARD.works)


def test_only_the_variations_that_msmd_tests_on() -> None:
    batik = {w.movement: w.bars for w in CARD.works if w.collection == "batik"}
    assert batik == {"1st movement, variation 1": ("19", "36"), "1st movement, variation 4": ("73", "90")}
    assert not any("K331" in path for w in CARD.works for path in (w.score, *w.performances))  # Vienna's theme


def test_pages_of_the_rebuild_are_of_works_that_msmd_tests_on() -> None:
    rebuilt = [w for w in CARD.works if w.msmd]
    assert [w.name for w in rebuilt] == [f"{w.msmd}-msmd-rebuild" for w in rebuilt]
    assert {(w.catalogue, w.movement) for w in rebuilt} == {
        ("BWV856", "fugue"), ("KV331", "1st movement, variation 1"), ("KV331", "1st movement, variation 4")
    }  # fmt: skip
    assert [msmd_piece(w.msmd).split for w in rebuilt] == ["test"] * 3
    for work in rebuilt:  # and not a second time on a page by Verovio
        assert sum((w.catalogue, w.movement) == (work.catalogue, work.movement) for w in CARD.works) == 1


def test_every_piece_has_a_licence_and_a_real_room_in_rotation() -> None:
    assert {w.collection for w in CARD.works} == set(CARD.licences)
    assert [CARD.rooms[w.room].simulated for w in CARD.works] == [False] * len(CARD.works)
    rooms = [w.room for w in CARD.works]
    assert len(set(rooms)) == 3
    assert rooms[:3] == rooms[3:6]
    assert sum(room.simulated for room in CARD.rooms.values()) == 1
    assert all(room.channel == 0 for room in CARD.rooms.values() if not room.simulated)


def test_every_source_file_is_there(shared: Path) -> None:
    missing = [name for name in source_files(CARD) if not (shared / name).is_file()]
    assert missing == []


def test_real_rooms_begin_with_the_direct_sound(shared: Path) -> None:
    for room in CARD.rooms.values():
        response = room_response(room, shared)
        assert np.sum(response.astype(float) ** 2) == pytest.approx(1, abs=1e-4)
        assert abs(response[0]) >= 0.4 * np.abs(response).max()
        click = np.zeros(22050, np.float32)
        click[1000] = 0.5
        heard = in_measured_room(click, response, 60.0, 1, "click")
        assert np.argmax(np.abs(heard) > 0.3 * np.abs(heard).max()) == 1000


def test_noise_lies_where_the_card_says() -> None:
    sound = np.sin(np.arange(44100) * 0.3).astype(np.float32) * 0.1
    response = np.ones(1, np.float32)
    heard = in_measured_room(sound, response, 20.0, 1, "a")
    noise = heard - sound
    assert 20 * np.log10(np.std(sound) / np.std(noise)) == pytest.approx(20, abs=0.2)
    again, other = (in_measured_room(sound, response, 20.0, 1, piece) for piece in ("a", "b"))
    np.testing.assert_array_equal(again, heard)
    assert not np.array_equal(again, other)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(performed, "read_performed_card", small_card)
    return small_sources(tmp_path / "sources")


def _build(root: Path, source: Path) -> StoreDataset:
    return performed.build_performed(root, source, jobs=1, progress=False)


def _contents(root: Path) -> dict[str, str]:
    return {p.relative_to(root).as_posix(): sha256_file(p) for p in root.rglob("*") if p.is_file()}


def test_every_condition_and_every_performer(sources: Path, tmp_path: Path) -> None:
    store = _build(tmp_path / "store", sources)
    assert store.facts["failures"] == []
    assert not (store.root / "building.json").exists()
    assert {s: len(store.pieces(s)) for s in store.splits()} == {
        "full": 2,
        "subset-synthetic": 2,
        "subset-performance": 2,
        "subset-direct": 2,
        "subset-room": 2,
        "subset-performance@p01": 2,
        "subset-performance@p02": 1,
        "subset-room@living": 2,
    }
    assert check_dataset(store)[1] == []
    name = "NobodyA__O1__o1-1"
    human, other = (store.load(s, name) for s in ("subset-performance", "subset-performance@p02"))
    assert human.notes.equals(store.load("subset-room", name).notes)
    assert (len(human.onsets()), len(other.onsets())) == (22, 21)
    about = json.loads((store.root / "pieces" / name / "piece.json").read_text())
    assert about["licence"] == "CC0"
    assert about["room"] == {"subset-room": "hall"}
    assert about["performers"]["p02"]["not_played"] == 1
    assert about["ends"] == "the end of the piece"
    assert about["grace_notes_printed"] == 1


def test_sound_begins_when_the_truth_says(sources: Path, tmp_path: Path) -> None:
    store = _build(tmp_path / "store", sources)
    for split in ("subset-synthetic", "subset-performance", "subset-direct"):
        recording = store.load(split, "NobodyA__O1__o1-1")
        loud = np.flatnonzero(np.abs(recording.read_audio()) > 0.003)[0] / 22050
        assert 0 <= loud - float(recording.onsets()["onset_s"].iloc[0]) < 0.05


def test_built_twice_and_from_elsewhere_is_the_same(sources: Path, tmp_path: Path) -> None:
    store = _build(tmp_path / "store", sources)
    again = _build(tmp_path / "again", small_sources(tmp_path / "elsewhere"))
    assert _contents(again.root) == _contents(store.root)
    assert again.hash == store.hash


def test_what_is_missing_is_named_and_the_rest_is_built(sources: Path, tmp_path: Path) -> None:
    hall = (sources / "irs" / "hall.wav").read_bytes()
    (sources / "irs" / "hall.wav").unlink()
    write_match(sources / "performances" / "b.match", [line.replace("snote(n", "snote(x") for line in match_lines()])
    store = _build(tmp_path / "store", sources)
    assert "subset-room" not in store.splits()
    assert "subset-performance@p02" not in store.splits()
    assert sorted(line.split(":")[0] for line in store.facts["failures"]) == [
        "NobodyA__O1__o1-1",
        "NobodyA__O1__o1-1, subset-room",
        "NobodyA__O1__o1-2, subset-room",
    ]
    assert str(tmp_path) not in json.dumps(store.facts)
    assert check_dataset(store)[1] == []
    (sources / "irs" / "hall.wav").write_bytes(hall)
    write_match(sources / "performances" / "b.match", match_lines(silent=("n4-1",)))
    mended = _build(store.root, sources)
    assert mended.facts["failures"] == []
    assert mended.hash == _build(tmp_path / "fresh", sources).hash


def test_a_piece_without_a_usable_score_is_left_out(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = small_card()
    works = (card.works[0], dataclasses.replace(card.works[1], score="performances/none.musicxml"))
    monkeypatch.setattr(performed, "read_performed_card", lambda: dataclasses.replace(card, works=works))
    store = _build(tmp_path / "store", sources)
    assert store.pieces("full") == ["NobodyA__O1__o1-1"]
    assert "none.musicxml" in store.facts["failures"][0]


def test_nothing_to_build_from(sources: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no folder performances"):
        _build(tmp_path / "store", tmp_path)
    (sources / "performances" / "four.musicxml").unlink()
    with pytest.raises(DataError, match="no piece could be built"):
        _build(tmp_path / "store", sources)


def test_on_the_command_line(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # in this process, where the card is the one made here
    (sources / "irs" / "living.wav").unlink()
    call = CliRunner().invoke
    assert isinstance(call(data, ["build", "performed"]).exception, UsageError)
    assert isinstance(call(data, ["info", "performed"]).exception, UsageError)
    built = call(data, ["build", "performed", "--source", str(sources)])
    assert built.exit_code == 0
    assert "performed: 2 pieces" in built.stdout
    assert "failed: NobodyA__O1__o1-1, subset-room@living: irs/living.wav: no such sound file" in built.stderr
    told = call(data, ["info", "performed"]).output
    assert "licence CC0 (2 pieces): NobodyA__O1__o1-1, NobodyA__O1__o1-2" in told
    words = ["--tracker", "oracle", "--split", "subset-performance", "--performer", "p02", "--dataset", "performed"]
    ran = call(run, [*words, "--out", str(tmp_path / "runs")])
    assert "oracle on performed subset-performance@p02 (strict): ≤0.05 s 1.000" in ran.output
    unknown = call(run, [*words[:5], "p09", *words[6:], "--out", str(tmp_path / "runs")])
    assert "subset-performance@p09" in str(unknown.exception)


def test_a_real_piece(shared: Path, tmp_path: Path) -> None:
    performed.build_piece(tmp_path, "SchubertF__D780__d780-3", str(shared))
    about = json.loads((tmp_path / "pieces" / "SchubertF__D780__d780-3" / "piece.json").read_text())
    assert about["failures"] == []
    assert about["licence"] == "CC BY-NC-SA 4.0"
    counts = about["performers"]["p01"]
    assert counts["scored"] > 0.99 * counts["positions"] > 300
    assert about["engraving"] == {"engraver": "Verovio", "source": CARD.work("SchubertF__D780__d780-3").score}
