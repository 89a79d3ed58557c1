"""Pictures of pages come in many kinds, and are all read alike."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scorebench.errors import DataError
from scorebench.omr_picture import draw_reading, read_picture
from tests.scorebench.readings import small_reading

GREY = np.linspace(0, 255, 30 * 20).round().reshape(30, 20).astype(np.uint8)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "I;16"])
def test_every_kind_of_picture_gives_the_same_greys(tmp_path: Path, mode: str) -> None:
    if mode == "I;16":
        picture = Image.fromarray((GREY.astype(np.uint16) << 8) + 7)
    else:
        picture = Image.fromarray(GREY).convert(mode)
    picture.save(tmp_path / "page.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "page.png"), GREY)


def test_what_is_transparent_is_paper(tmp_path: Path) -> None:
    Image.new("RGBA", (5, 4), (0, 0, 0, 0)).save(tmp_path / "page.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "page.png"), np.full((4, 5), 255))


def test_a_huge_picture_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(GREY).save(tmp_path / "page.png")
    for limit in (500, 100):  # Pillow warns, and above twice the limit refuses
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match=r"page\.png: too large for a page"):
            read_picture(tmp_path / "page.png")


def test_marks_lie_on_what_was_read() -> None:
    page, reading = np.full((400, 500), 255, np.uint8), small_reading()
    drawn = np.asarray(draw_reading(page, reading)).astype(int)
    zoom = drawn.shape[1] // 500
    assert drawn.shape == (400 * zoom, 500 * zoom, 3)
    for note in reading.notes.itertuples():
        x, y = round(note.x_px * zoom), round(note.y_px * zoom)
        red, green, _ = drawn[y - 12 : y + 12, x - 12 : x + 12].min(axis=(0, 1))
        assert (red < 100) != note.tied, note
        assert green < 200
    bar_line = drawn[110 * zoom : 130 * zoom, 50 * zoom - 2 : 50 * zoom + 2]
    assert (bar_line == (40, 90, 220)).all(axis=2).any()


def test_a_large_page_is_not_enlarged() -> None:
    page = np.full((300, 2400), 255, np.uint8)
    assert draw_reading(page, small_reading()).size == (2400, 300)
