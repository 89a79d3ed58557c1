"""Table II for any dataset: collect figures from run folders, and lay them out."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scorebench.dataset import CONDITIONS, Dataset
from scorebench.errors import UsageError
from scorebench.protocol import cyolo2021, strict
from scorebench.protocol.scoring import VERSIONS
from scorebench.results import RunFolder
from scorebench.run import RunSpec, is_stale, run_folder

PROTOCOLS = (cyolo2021.NAME, strict.NAME)
NUMERALS = dict(zip(CONDITIONS, ("I", "II", "III (a)", "III (b)", "III (c)"), strict=True))
TITLES = {
    "full": "Full test set",
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
        ratios: by protocol, five ratios over all onsets; a protocol is absent where it is unknown. Means over seeds.
        failed: pages or pieces that could not be followed; their onsets count as missed.
        revisited: onsets on systems that are played more than once.
        seeds: how many runs it is the mean of.
        spread: by protocol, the five standard deviations over those runs; empty where there is one.
        published: whether it was taken from the published table and not run.
    """

    tracker: str
    kind: str
    given: tuple[str, ...] = ()
    pages: int | None = None
    onsets: int | None = None
    ratios: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    failed: int = 0
    revisited: int = 0
    seeds: int = 1
    spread: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    published: bool = False


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
        here = [spec for spec in specs if spec.split == split]
        names = dict.fromkeys(spec.tracker_name for spec in here)
        rows = [_row([spec for spec in here if spec.tracker_name == name], out) for name in names]
        rows += paper_rows(split) if paper else []
        title = getattr(dataset, "titles", {}).get(split) or TITLES.get(split, split)
        sections.append(Section(split, NUMERALS.get(split, ""), title, tuple(sorted(rows, key=_order))))
    return Table(dataset.name, dataset.hash, first.seed, first.only, dict(VERSIONS), tuple(sections))


def was_run(spec: RunSpec, out: Path) -> bool:
    """Whether there is a complete run of ``spec`` under ``out``, of whatever dataset or version."""
    return run_folder(out, spec).finished is not None


def _order(row: Row) -> tuple[bool, int, str, bool]:
    known = row.tracker in PAPER_ORDER
    place = PAPER_ORDER.index(row.tracker) if known else len(PAPER_ORDER)
    return row.kind == "ceiling", place, row.tracker, row.kind == "paper"


def _row(specs: Sequence[RunSpec], out: Path) -> Row:
    """The row of one tracker on one split: ``specs`` differ in their seed alone."""
    folders = [run_folder(out, spec) for spec in specs]
    manifests = [_manifest(folder, spec) for folder, spec in zip(folders, specs, strict=True)]
    figures = [folder.metrics for folder in folders]
    micro = {name: np.array([one[name]["micro"] for one in figures]) for name in PROTOCOLS}
    spread = {name: tuple(np.std(ratios, axis=0).tolist()) for name, ratios in micro.items()}
    given = specs[0].tracker.given
    return Row(
        tracker=specs[0].tracker_name,
        kind="ceiling" if "truth" in given else "demo" if manifests[0]["demo"] else "tracker",
        given=tuple(sorted(given)),
        pages=figures[0][strict.NAME]["pages"],
        onsets=figures[0][strict.NAME]["onsets"],
        ratios={name: tuple(np.mean(ratios, axis=0).tolist()) for name, ratios in micro.items()},
        failed=sum(len(manifest["failed"]) for manifest in manifests),
        revisited=figures[0][strict.NAME]["revisited"],
        seeds=len(specs),
        spread=spread if len(specs) > 1 else {},
    )


def _manifest(folder: RunFolder, spec: RunSpec) -> Mapping[str, Any]:
    manifest = folder.finished
    if manifest is None:
        raise UsageError(f"{folder.path}: no complete run; leave out --no-run to make it")
    if is_stale(folder, spec):
        raise UsageError(f"{folder.path}: made from another dataset, version or seed; a table does not mix them")
    return manifest


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


def published_table(dataset: Dataset, pieces: Sequence[str] = ()) -> Table:
    """This project's own table of ``dataset``.

    Raises:
        UsageError: none was published, or of other pages or sounds, or under other protocols than would be run now.
    """
    from scorebench.resources import resource

    path = resource("reports/published") / f"{dataset.name}.json"
    if not path.is_file():
        raise UsageError(f"no table of {dataset.name} is published with this version; leave out --published")
    stored = from_json(path.read_text(encoding="utf-8"), str(path))
    if pieces:
        raise UsageError(f"{path}: of whole splits, not of some pieces; leave out --published or --piece")
    if stored.dataset_hash != dataset.hash:
        raise UsageError(
            f"{path}: of {dataset.name} {stored.dataset_hash[:12]}, here is {dataset.hash[:12]}: other pages or "
            "sounds; leave out --published"
        )
    if dict(stored.protocols) != VERSIONS:
        raise UsageError(f"{path}: of other versions of the protocols; leave out --published")
    return stored


def joined(table: Table, stored: Table) -> Table:
    """``table``, and for trackers that are not in it the rows of ``stored``."""
    sections = {section.split: section for section in stored.sections}
    return replace(table, sections=tuple(_joined(s, sections.get(s.split)) for s in table.sections))


def _joined(section: Section, stored: Section | None) -> Section:
    """``section`` with the rows of ``stored`` that it lacks."""
    known = {row.tracker for row in section.rows if row.kind != "paper"}
    rows = stored.rows if stored else ()
    lacking = [replace(row, published=True) for row in rows if row.kind != "paper" and row.tracker not in known]
    return replace(section, rows=tuple(sorted([*section.rows, *lacking], key=_order)))


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
    return Row(
        **{
            **value,
            "given": tuple(value["given"]),
            "ratios": _fives(value["ratios"]),
            "spread": _fives(value.get("spread", {})),
        }
    )


def _fives(by_protocol: dict[str, list[float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(float(v) for v in five) for name, five in by_protocol.items()}
