"""Where things are on LilyPond's pages: heads on their ink, in their system, on A4; and what cannot be drawn."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scorebench.build import lilypond
from scorebench.build.engrave import PAGE_HEIGHT_PX, PAGE_WIDTH_PX
from scorebench.build.lilypond import draw
from scorebench.build.lilypond_score import LilypondEngraving
from scorebench.build.lilypond_svg import read_page
from scorebench.errors import DataError
from tests.scorebench.build.lilypond_source import engraved, needs_lilypond, score, staff, write_source

CROSSING = (
    "\\new PianoStaff << \\new Staff = up { c''4 e' \\change Staff = down g c \\change Staff = up c'1 \\break "
    "e''4 \\change Staff = down c e \\change Staff = up c' } \\new Staff = down { \\clef bass s1 c1 s1 } >>"
)


def ink(engraving: LilypondEngraving) -> NDArray[np.float64]:
    """(notes,) how dark the 3 x 3 pixels in the middle of each head are: 0 white, 1 black."""
    notes = engraving.notes
    pages = [1 - page.image / 255.0 for page in engraving.pages]
    return np.array(
        [
            pages[page][round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].mean()
            for page, x, y in zip(notes["page"], notes["x_px"], notes["y_px"], strict=True)
        ]
    )


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> LilypondEngraving:
    return engraved(tmp_path_factory.mktemp("crossing"), score(CROSSING))


@needs_lilypond
def test_notes_that_change_their_staff_are_where_they_are_drawn(crossing: LilypondEngraving) -> None:
    notes = crossing.notes
    assert notes["pitch"].tolist() == [72, 64, 55, 48, 48, 60, 76, 48, 52, 60]
    assert notes["system"].tolist() == [0] * 6 + [1] * 4
    quarters = notes["score_duration_s"] < 2
    assert (ink(crossing)[quarters] > 0.8).all()
    # c is on the second space of the bass staff, whichever voice it comes from.
    crossed, own = notes["y_px"][3], notes["y_px"][4]
    assert crossed == pytest.approx(own, abs=0.01)
    boxes = crossing.pages[0].systems
    for system, heads in notes.groupby("system"):
        top, height = (boxes[boxes["system"] == system][c].iloc[0] for c in ("y_px", "h_px"))
        down = heads["pitch"] < 60
        assert (heads["y_px"][down] > top).all()
        assert (heads["y_px"][~down] < top).all()
        assert (heads["y_px"][down] < top + height / 2 + 1).all()


@needs_lilypond
def test_bars_hold_their_notes_and_cover_their_system(crossing: LilypondEngraving) -> None:
    page = crossing.pages[0]
    assert page.bars is not None
    assert page.bars["system"].tolist() == [0, 0, 1]
    for (_, heads), (_, bar) in zip(
        crossing.notes.groupby(crossing.notes["score_onset_s"] // 4), page.bars.iterrows(), strict=True
    ):
        assert (abs(heads["x_px"] - bar["x_px"]) < bar["w_px"] / 2).all()
    lines = page.systems.set_index("system")
    for system, bars in page.bars.groupby("system"):
        assert bars["w_px"].sum() == pytest.approx(lines["w_px"][system], abs=1.0)


@needs_lilypond
def test_heads_of_several_voices_and_of_seconds_are_told_apart(tmp_path: Path) -> None:
    engraving = engraved(tmp_path, score(staff("<< { c''4 d'' e'' f'' } \\\\ { c''4 c'' e' a' } >> <g' a' b'>4 r2.")))
    notes = engraving.notes
    assert (ink(engraving) > 0.8).all()
    unison = notes[notes["position"] == 0]
    assert unison["pitch"].tolist() == [72, 72]
    assert unison["x_px"].nunique() == unison["y_px"].nunique() == 1  # one head in the picture, two stems
    seconds = notes[notes["position"] == 4]
    assert seconds["x_px"].iloc[1] - seconds["x_px"].iloc[0] > 5  # on either side of the stem
    assert seconds["x_px"].iloc[2] == pytest.approx(seconds["x_px"].iloc[0])
    assert (seconds["y_px"].diff().dropna() < -2).all()


@needs_lilypond
def test_grace_notes_have_their_own_small_heads(tmp_path: Path) -> None:
    engraving = engraved(tmp_path, score(staff("\\grace { c''16 d'' } e''4 \\acciaccatura g''8 f''4 r2")))
    assert (ink(engraving) > 0.8).all()
    assert (engraving.notes["x_px"].diff().dropna() > 5).all()


@needs_lilypond
def test_a_staff_of_nothing_but_a_last_bar_line_is_no_part_of_the_system(tmp_path: Path) -> None:
    two = "\\new PianoStaff << \\new Staff c'1 \\new Staff { \\clef bass c1 } >>"
    folders = [tmp_path / name for name in ("plain", "stray")]
    for folder in folders:
        folder.mkdir()
    plain = engraved(folders[0], score(f"{{ {two} }}"))
    stray = engraved(folders[1], score(f'{{ {two} \\bar "|." }}'))
    for table in ("systems", "bars"):
        one, other = (getattr(e.pages[0], table).iloc[0] for e in (plain, stray))
        assert other["w_px"] == pytest.approx(one["w_px"], abs=10)
        assert other["h_px"] == pytest.approx(one["h_px"], abs=10)


@needs_lilypond
def test_pages_without_notes_are_left_out(tmp_path: Path) -> None:
    text = "\\markup { Preface } \\pageBreak " + score(staff("c'1 \\pageBreak d'1"))
    engraving = engraved(tmp_path, text)
    assert len(engraving.pages) == 2
    assert engraving.notes["page"].tolist() == [0, 1]
    assert [page.systems["system"].tolist() for page in engraving.pages] == [[0], [1]]
    assert all(page.image.shape == (PAGE_HEIGHT_PX, PAGE_WIDTH_PX) for page in engraving.pages)


@needs_lilypond
def test_another_paper_than_a4_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"215\.9 x 279\.4 mm, not A4"):
        engraved(tmp_path, '#(set-default-paper-size "letter")\n' + score(staff("c'1")))


@pytest.mark.parametrize(
    "svg",
    ["", "<svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "<svg width='210mm' height='297mm' viewBox='0 0'/>"],
)
def test_a_damaged_drawing_is_refused(svg: str) -> None:
    with pytest.raises(DataError, match="the engraver's page cannot be read"):
        read_page(svg)


BROKEN = {
    "syntax": ("{ c'4 \\nonsense }", r"LilyPond: error: unknown escaped string: `\\nonsense'"),
    "cut off": ("\\score { \\new Staff { c'4 d' ", r"LilyPond: error: syntax error, unexpected end of input"),
    "missing include": ('\\include "nothing.ily"\n{ c\'4 }', r"LilyPond: error: cannot find file: `nothing\.ily'"),
    "not a score": ("\x00\x01\x02 PK", "LilyPond drew 0 pages"),
    "only words": ("\\markup { nothing to play }", "no notes that are printed and sound"),
    "no music at all": ("", "LilyPond"),
}


@needs_lilypond
@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_engraved_is_named_in_one_line(tmp_path: Path, name: str) -> None:
    text, message = BROKEN[name]
    with pytest.raises(DataError, match=message) as raised:
        engraved(tmp_path, text)
    assert "\n" not in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


@needs_lilypond
def test_a_score_that_never_ends_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="took more than 3 s and was stopped"):
        draw(write_source(tmp_path, "#(let forever () (forever))\n{ c'4 }"), timeout_s=3)


@needs_lilypond
@pytest.mark.slow
def test_a_score_that_eats_all_memory_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lilypond, "MEMORY_BYTES", 2**30)
    with pytest.raises(DataError, match="LilyPond: "):
        draw(write_source(tmp_path, "#(let more ((kept '())) (more (cons (make-vector 1000000) kept)))\n{ c'4 }"), 60)


@needs_lilypond
def test_engraved_twice_it_is_the_same(crossing: LilypondEngraving, tmp_path: Path) -> None:
    again = engraved(tmp_path, score(CROSSING))
    assert again.notes.equals(crossing.notes)
    assert (again.ticks, again.movements) == (crossing.ticks, crossing.movements)
    for one, other in zip(crossing.pages, again.pages, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        assert one.systems.equals(other.systems)
