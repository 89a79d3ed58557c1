"""Rows of the published table beside rows of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from scorebench import resources
from scorebench.authors_layout import AuthorsDataset
from scorebench.errors import UsageError
from scorebench.layout import to_markdown
from scorebench.resources import resource
from scorebench.table import Row, Section, Table, from_json, joined, published_table, to_json
from tests.scorebench.helpers import TINY

RATIOS = {"cyolo-2021": (0.1, 0.2, 0.3, 0.4, 0.5), "strict": (0.1, 0.2, 0.3, 0.4, 0.5)}
MINE, OLD, PAPER = (
    Row("mine", "tracker", (), 1, 10, RATIOS),
    Row("omr", "tracker", (), 1, 10, RATIOS),
    Row("omr", "paper"),
)


def table(*rows: Row, split: str = "full") -> Table:
    return Table("tiny", "ab" * 32, 0, (), {"strict": 1}, (Section(split, "I", "Test", rows),))


def test_rows_that_were_not_run_come_from_the_published_table_and_say_so() -> None:
    stored = table(OLD, replace(MINE, onsets=11), PAPER)
    made = joined(table(MINE), stored)
    assert made.sections[0].rows == (replace(OLD, published=True), MINE)
    assert to_markdown(made).endswith("Not run here, but taken from the published table: omr.")
    assert joined(table(MINE, split="other"), stored).sections[0].rows == (MINE,)


def test_a_demonstration_is_never_in_bold() -> None:
    better = {protocol: tuple(ratio + 0.1 for ratio in ratios) for protocol, ratios in RATIOS.items()}
    text = to_markdown(table(MINE, Row("brief", "demo", (), 1, 10, better)))
    assert "**0.500**" in text
    (brief,) = (line for line in text.splitlines() if line.startswith("| brief (demo)"))
    assert "0.600" in brief
    assert "**" not in brief


@pytest.mark.parametrize(
    ("stored", "pieces", "said"),
    [
        (table(OLD), ("one",), "of whole splits"),
        (replace(table(OLD), dataset_hash="cd" * 32), (), "other pages or sounds"),
        (replace(table(OLD), protocols={"strict": 99}), (), "other versions of the protocols"),
        (None, (), "no table of dataset is published"),
    ],
)
def test_a_published_table_that_does_not_fit_is_refused(
    stored: Table | None, pieces: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = AuthorsDataset(TINY)
    monkeypatch.setattr(resources, "resource", lambda _: tmp_path)
    if stored is not None:
        here = dataset.hash if stored.dataset_hash == "ab" * 32 else stored.dataset_hash
        (tmp_path / f"{dataset.name}.json").write_text(to_json(replace(stored, dataset_hash=here)))
    with pytest.raises(UsageError, match=said):
        published_table(dataset, pieces)


@pytest.mark.parametrize("name", ["mini", "open"])
def test_the_published_page_shows_what_the_published_file_holds(name: str) -> None:
    folder = resource("reports/published")
    stored = from_json((folder / f"{name}.json").read_text(encoding="utf-8"), name)
    page = squeezed((folder / f"{name}.md").read_text(encoding="utf-8"))
    shown = [line for line in to_markdown(stored).splitlines() if line.startswith(("Ratio of", "| ", "###"))]
    assert len(shown) > 5
    assert not [line for line in shown if not line.startswith("| tracker ") and squeezed(line) not in page]


def squeezed(text: str) -> str:
    return " ".join(text.split())
