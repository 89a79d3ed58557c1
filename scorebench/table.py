"""Table II for any dataset: collect figures from run folders, and lay them out."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scorebench.dataset import CONDITIONS
from scorebench.errors import UsageError
from scorebench.protocol import cyolo2021, strict
from scorebench.protocol.scoring import VERSIONS
from scorebench.results import RunFolder
from scorebench.run import RunSpec, is_stale, run_folder

PROTOCOLS = (cyolo2021.NAME, strict.NAME)
NUMERALS = dict(zip(CONDITIONS, ("I", "II", "III (a)", "III (b)", "III (c)"), strict=True))
TITLES = {
    "full": "Full test set (synthetic)",
    "subset-synthetic": "Test subset (synthetic)",
    "subset-performance": "Performance, synthesised",
    "subset-direct": "Direct out",
    "subset-room": "Room recording",
    "recordings": "Recordings",
}
PAPER = "reports/reference/table2_eusipco2021.csv"
PAPER_SOURCE = "Henkel & Widmer 2021, Table II, on MSMD"
PAPER_ORDER = ("omr", "score-dtw", "mm-loc", "rl", "cunet", "cyolo", "cyolo-ir")
"""Order of rows; trackers the paper does not have come after, ceilings last."""


@dataclass(frozen=True)
class Row:
    """One tracker on one split.

    Attributes:
        kind: ``tracker``, ``ceiling`` (given the truth), ``demo`` (weights not meant to compete) or ``paper``.
        given: what it was told beyond the page.
        pages, onsets: how many were scored under ``strict``; None for the paper's rows.
        ratios: by protocol, five ratios over all onsets; a protocol is absent where it is unknown.
        failed: pages or pieces that could not be followed; their onsets count as missed.
    """

    tracker: str
    kind: str
    given: tuple[str, ...] = ()
    pages: int | None = None
    onsets: int | None = None
    ratios: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    failed: int = 0
    revisited: int = 0


@dataclass(frozen=True)
class Section:
    """One condition of the table."""

    split: str
    numeral: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """A table and what it was made from: nothing in it comes from two datasets or two protocol versions."""

    dataset: str
    dataset_hash: str
    seed: int
    pieces: tuple[str, ...]
    protocols: Mapping[str, int]
    sections: tuple[Section, ...]


def collect(specs: Sequence[RunSpec], out: Path, paper: bool = False) -> Table:
    """The table of ``specs`` (one dataset) from the complete runs under ``out``.

    Raises:
        UsageError: a run is missing, incomplete, or of another dataset, version or seed.
    """
    dataset, first = specs[0].dataset, specs[0]
    sections = []
    for split in dict.fromkeys(spec.split for spec in specs):
        rows = [_row(spec, run_folder(out, spec)) for spec in specs if spec.split == split]
        rows += paper_rows(split) if paper else []
        title = getattr(dataset, "titles", {}).get(split) or TITLES.get(split, split)
        sections.append(Section(split, NUMERALS.get(split, ""), title, tuple(sorted(rows, key=_order))))
    return Table(dataset.name, dataset.hash, first.seed, first.only, dict(VERSIONS), tuple(sections))


def _order(row: Row) -> tuple[bool, int, str, bool]:
    known = row.tracker in PAPER_ORDER
    place = PAPER_ORDER.index(row.tracker) if known else len(PAPER_ORDER)
    return row.kind == "ceiling", place, row.tracker, row.kind == "paper"


def _row(spec: RunSpec, folder: RunFolder) -> Row:
    manifest = folder.manifest
    if manifest is None or not manifest.get("complete"):
        raise UsageError(f"{folder.path}: no complete run; leave out --no-run to make it")
    if is_stale(folder, spec):
        raise UsageError(f"{folder.path}: made from another dataset, version or seed; a table does not mix them")
    figures = folder.metrics
    ceiling = "truth" in spec.tracker.given
    return Row(
        tracker=spec.tracker_name,
        kind="ceiling" if ceiling else "demo" if manifest["demo"] else "tracker",
        given=tuple(sorted(spec.tracker.given)),
        pages=figures[strict.NAME]["pages"],
        onsets=figures[strict.NAME]["onsets"],
        ratios={name: tuple(figures[name]["micro"]) for name in PROTOCOLS},
        failed=len(manifest["failed"]),
        revisited=figures[strict.NAME]["revisited"],
    )


def paper_rows(split: str) -> list[Row]:
    """The published figures for ``split``: the paper's own, never ours."""
    from scorebench.resources import resource

    with resource(PAPER).open(encoding="utf-8", newline="") as file:
        return [
            Row(
                tracker=line["tracker"],
                kind="paper",
                ratios={cyolo2021.NAME: tuple(float(line[k]) for k in line if k.startswith("le_"))},
            )
            for line in csv.DictReader(file)
            if line["split"] == split
        ]


def best(section: Section, protocol: str) -> list[float | None]:
    """The best ratio in each column among rows that compete: no ceiling, no demo weights, not the paper's."""
    rows = [row.ratios[protocol] for row in section.rows if row.kind == "tracker" and protocol in row.ratios]
    return [max(column) for column in zip(*rows, strict=True)] if rows else [None] * 5


def to_json(table: Table) -> str:
    """The table as JSON, what `scorebench check --against` reads."""
    return json.dumps(asdict(table), indent=2, ensure_ascii=False, sort_keys=True)


def from_json(text: str, source: str) -> Table:
    """The table that ``to_json`` wrote. UsageError where it is not one."""
    try:
        value: dict[str, Any] = json.loads(text)
        sections = tuple(
            Section(s["split"], s["numeral"], s["title"], tuple(_row_from(r) for r in s["rows"]))
            for s in value["sections"]
        )
        return Table(
            value["dataset"],
            value["dataset_hash"],
            value["seed"],
            tuple(value["pieces"]),
            value["protocols"],
            sections,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{source}: not a table ({type(error).__name__}: {error}); make it with `scorebench table --format json`"
        ) from error


def _row_from(value: dict[str, Any]) -> Row:
    ratios = {name: tuple(float(v) for v in five) for name, five in value["ratios"].items()}
    return Row(**{**value, "given": tuple(value["given"]), "ratios": ratios})
