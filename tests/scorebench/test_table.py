"""Rows of the published table beside rows of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from scorebench import resources
from scorebench.errors import UsageError
from scorebench.layout import to_markdown
from scorebench.resources import resource
from scorebench.table import Row, Section, Table, from_json, to_json, with_published

RATIOS = {"cyolo-2021": (0.1, 0.2, 0.3, 0.4, 0.5), "strict": (0.1, 0.2, 0.3, 0.4, 0.5)}
MINE, OLD, PAPER = (
    Row("mine", "tracker", (), 1, 10, RATIOS),
    Row("omr", "tracker", (), 1, 10, RATIOS),
    Row("omr", "paper"),
)


def table(*rows: Row, split: str = "full") -> Table:
    return Table("tiny", "ab" * 32, 0, (), {"strict": 1}, (Section(split, "I", "Test", rows),))


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(resources, "resource", lambda _: tmp_path)
    path = tmp_path / "tiny.json"
    path.write_text(to_json(table(OLD, replace(MINE, onsets=11), PAPER)))
    return path


@pytest.mark.usefixtures("published")
def test_rows_that_were_not_run_come_from_the_published_table_and_say_so() -> None:
    made = with_published(table(MINE))
    assert made.sections[0].rows == (replace(OLD, published=True), MINE)
    assert to_markdown(made).endswith("Not run here, but taken from the published table: omr.")
    assert with_published(table(MINE, split="other")).sections[0].rows == (MINE,)


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "other", [{"dataset_hash": "cd" * 32}, {"protocols": {"strict": 2}}, {"pieces": ("one",)}], ids=str
)
def test_a_published_table_of_other_data_or_protocols_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"tiny\.json: of other data or protocols"):
        with_published(replace(table(MINE), **other))  # type: ignore[arg-type]


def test_where_none_is_published_it_is_said(published: Path) -> None:
    published.unlink()
    with pytest.raises(UsageError, match="no table of tiny is published"):
        with_published(table(MINE))


@pytest.mark.parametrize("name", ["mini", "open"])
def test_the_published_page_shows_what_the_published_file_holds(name: str) -> None:
    folder = resource("reports/published")
    stored = from_json((folder / f"{name}.json").read_text(encoding="utf-8"), name)
    page = squeezed((folder / f"{name}.md").read_text(encoding="utf-8"))
    shown = [line for line in to_markdown(stored).splitlines() if line.startswith(("| ", "###"))]
    assert len(shown) > 5
    assert not [line for line in shown if not line.startswith("| tracker ") and squeezed(line) not in page]


def squeezed(text: str) -> str:
    return " ".join(text.split())
