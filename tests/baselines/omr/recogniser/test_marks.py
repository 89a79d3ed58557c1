import numpy as np

from baselines.omr.recogniser.layout import Placed, System, bar_lines, has_ledger_lines, place
from baselines.omr.recogniser.marks import UNIT, Maps, Marks, find_marks
from baselines.omr.recogniser.metre import Metre, metres
from baselines.omr.recogniser.staves import Staff
from baselines.omr.recogniser.stems import count_beams, find_stems, with_counted
from baselines.omr.recogniser.symbols import KINDS, OFFSETS, PROPERTIES, STRIDE, STROKES
from baselines.omr.recogniser.ties import with_ties


def empty_maps(height=60, width=80):
    says = {name: np.full((size, height, width), 1 / size, np.float32) for name, size in PROPERTIES.items()}
    kinds, strokes = (np.zeros((len(names), height, width), np.float32) for names in (KINDS, STROKES))
    return Maps(kinds, strokes, says, np.zeros((len(OFFSETS), height, width), np.float32))


def test_a_peak_is_a_mark_where_its_offsets_say():
    maps = empty_maps()
    maps.kinds[KINDS.index("filled"), 20:23, 30:33] = 0.5
    maps.kinds[KINDS.index("filled"), 21, 31] = 0.9
    maps.offsets[:2, 21, 31] = 0.25, -0.5
    maps.properties["log"][:, 21, 31] = np.eye(7)[4]
    (mark,) = find_marks(maps).symbols
    assert (mark.kind, mark.x, mark.y) == ("filled", 31.75 * STRIDE, 21 * STRIDE)
    assert mark.most("log") == 4


def test_one_head_is_not_two_kinds_of_head():
    maps = empty_maps()
    maps.kinds[KINDS.index("half"), 20, 30] = 0.6
    maps.kinds[KINDS.index("filled"), 20, 31] = 0.7
    assert [m.kind for m in find_marks(maps).symbols] == ["filled"]


def test_beams_are_counted_at_the_stem(mark):
    strokes = np.zeros((len(STROKES), 100, 100), np.float32)
    strokes[STROKES.index("stem"), 40:70, 52] = 0.8
    for beam, rows in enumerate((slice(40, 42), slice(43, 45), slice(46, 48))):
        strokes[STROKES.index("beam"), rows, 50:80] = 1.0
        (stem,) = find_stems(mark("filled", 50.0 * STRIDE, 69.0 * STRIDE, log=2, stem=1), strokes[0])
        assert (stem.direction, stem.x) == (1, 52)
        assert count_beams(stem, strokes[1], 69) == beam + 1


def test_a_head_without_a_stem_has_none(mark):
    assert find_stems(mark("filled", 100.0, 100.0, log=2), np.zeros((100, 100), np.float32)) == []


def test_a_head_with_two_stems_is_two_notes(mark):
    strokes = np.zeros((len(STROKES), 100, 100), np.float32)
    strokes[STROKES.index("stem"), 35:50, 52] = strokes[STROKES.index("stem"), 50:65, 48] = 0.9
    strokes[STROKES.index("beam"), 35:37, 50:80] = 1.0
    both = with_counted(Marks((mark("filled", 100.0, 100.0, log=2),), strokes)).symbols
    assert sorted((m.most("stem"), m.most("log")) for m in both) == [(1, 3), (2, 2)]


def test_a_bar_line_goes_through_all_staves():
    staves = [Staff(50.0, UNIT, 0.0, 190.0), Staff(150.0, UNIT, 0.0, 190.0)]
    chances = np.zeros((100, 100), np.float32)
    chances[:, 40] = chances[:, 70] = chances[:, 73] = 0.9
    chances[:45, 20] = 0.9  # through the upper staff only
    found = bar_lines(staves, chances, np.zeros((200, 200), np.float32))
    assert np.allclose(found, [40.5 * STRIDE, 72 * STRIDE])


def test_a_tie_is_a_bow_from_head_to_head(mark):
    system = System((Staff(100.0, UNIT, 0.0, 400.0),), (0.0, 400.0))
    heads = [Placed(mark("filled", x, 100.0, log=2), 0, 0, 0, 0) for x in (100.0, 180.0, 260.0)]
    chances = np.zeros((100, 200), np.float32)
    chances[44, 53:88] = 0.9
    tied = [p.mark.most("tied") for p in with_ties(heads, [system], chances)]
    assert tied == [0, 1, 0]


def digit(mark, number, position, staff=0):
    return Placed(mark(f"digit-{number}", 100.0, 0.0), 0, staff, 0, position)


def bow(chances: np.ndarray, left: float, right: float, y: float) -> None:
    chances[round((y + UNIT) / STRIDE), round(left / STRIDE) : round(right / STRIDE)] = 0.9


def test_a_bow_that_passes_other_notes_is_a_slur_unless_the_network_says_tie(mark):
    system = System((Staff(100.0, UNIT, 0.0, 400.0),), (0.0, 400.0))
    chances = np.zeros((100, 200), np.float32)
    bow(chances, 100, 300, 100.0)
    for sure, expected in ((0, [0, 0, 0]), (1, [0, 0, 1])):
        marks = [mark("filled", 100.0, 100.0, log=2), mark("filled", 200.0, 92.0, log=2)]
        marks.append(mark("filled", 300.0, 100.0, log=2, tied=sure))
        heads = [Placed(m, 0, 0, 0, p) for m, p in zip(marks, (0, 2, 0), strict=True)]
        assert [p.mark.most("tied") for p in with_ties(heads, [system], chances)] == expected


def test_a_tie_from_the_line_before_needs_its_note_there(mark):
    lines = [System((Staff(y, UNIT, 0.0, 400.0),), (0.0, 200.0, 400.0)) for y in (100.0, 200.0)]
    chances = np.zeros((150, 200), np.float32)
    bow(chances, 30, 60, 200.0)
    begins = Placed(mark("filled", 60.0, 200.0, log=2), 1, 0, 0, 0)
    for position, measure, expected in ((0, 1, 1), (2, 1, 0), (0, 0, 0)):
        before = Placed(mark("filled", 350.0, 100.0, log=2), 0, 0, measure, position)
        assert [p.mark.most("tied") for p in with_ties([before, begins], lines, chances)] == [0, expected]


def test_the_curve_of_a_time_signature_is_no_note(mark):
    system = System((Staff(100.0, UNIT, 0.0, 400.0),), (0.0, 400.0))
    strokes = np.zeros((len(STROKES), 100, 200), np.float32)
    for kind, kept in (("common", 1), ("digit-4", 2)):
        marks = (mark(kind, 60.0, 100.0), mark("whole", 61.0, 97.0), mark("whole", 90.0, 100.0))
        assert [p.mark.kind for p in place([system], Marks(marks, strokes))] == [kind, *["whole"] * kept]


def test_a_head_far_from_its_staff_has_ledger_lines(mark):
    staff, x, y = Staff(200.0, UNIT, 0.0, 400.0), 100.0, 200.0 - 7 * UNIT
    ink = np.zeros((300, 400), np.float32)
    above = Placed(mark("filled", x, y), 0, 0, 0, 14)
    below = Placed(mark("filled", x, 400.0 - y), 0, 0, 0, -14)
    assert not has_ledger_lines(above, staff, ink)
    assert has_ledger_lines(
        Placed(mark("filled", x, 200.0 - 4 * UNIT), 0, 0, 0, 8), staff, ink
    )  # two are not asked for
    assert has_ledger_lines(Placed(mark("sharp", x, y), 0, 0, 0, 14), staff, ink)
    for line in range(1, 6):
        ink[round(staff.top - line * UNIT), 90:111] = 1.0
    assert has_ledger_lines(above, staff, ink)
    assert not has_ledger_lines(below, staff, ink)


def test_time_signatures_are_read_from_above_and_below(mark):
    signs = [digit(mark, 6, 2), digit(mark, 8, -2), digit(mark, 3, 2, 1)]
    assert metres(signs, 2) == [(100.0, Metre(6, 8))]
    assert metres([digit(mark, 6, 2)], 1) == []
    assert metres([Placed(mark("cut", 50.0, 0.0), 0, 0, 0, 0)], 1) == [(50.0, Metre(2, 2))]


def test_strokes_are_found_by_name():
    strokes = np.arange(len(STROKES) * 4, dtype=np.float32).reshape(len(STROKES), 2, 2)
    assert Marks((), strokes).stroke("beam")[0, 0] == 4
