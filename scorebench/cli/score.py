"""`scorebench score`."""

import json
from pathlib import Path
from typing import Any

import click

from scorebench.cli.options import dataset_option, piece_option
from scorebench.errors import UsageError


@click.command()
@click.argument("run_folder", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option("--positions", type=click.Path(path_type=Path), metavar="FILE.csv", help="Answers of other code.")
@dataset_option
@click.option("--split", metavar="S", help="The split that --positions answers.")
@piece_option
@click.option("--hold", is_flag=True, help="A frame without an answer takes the newest earlier one of its page.")
@click.option("--errors", type=click.Path(path_type=Path), metavar="FILE.csv", help="Write the error of each onset.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def score(
    run_folder: Path | None,
    positions: Path | None,
    dataset: str | None,
    split: str | None,
    pieces: tuple[str, ...],
    hold: bool,
    errors: Path | None,
    as_json: bool,
) -> None:
    """Score saved trajectories (RUN, a run folder) again, or positions that other code made.

    The CSV has the columns piece, page, frame, x_px, y_px: frame counts hops of 1102 samples at 22 050 Hz from
    the start of the recording, x_px and y_px are pixels of the page. An onset whose frame is missing is a miss.

    \b
    Example:
      scorebench score runs/mini/subset-room/score-dtw
      scorebench score --positions mine.csv --dataset mini --split subset-room
    """
    from scorebench.dataset import open_dataset
    from scorebench.files import write_bytes
    from scorebench.rescore import evaluate_positions, rescore
    from scorebench.results import RunFolder

    if (run_folder is None) == (positions is None):
        raise UsageError("name either a run folder or --positions FILE.csv")
    if run_folder is not None:
        manifest = RunFolder(run_folder).manifest
        if manifest is None:
            raise UsageError(f"{run_folder}: no run here (no manifest.json)")
        figures = rescore(run_folder, open_dataset(dataset or _dataset_of(run_folder, manifest)))
        table = RunFolder(run_folder).errors() if errors else None
    else:
        if split is None or positions is None:
            raise UsageError("--positions needs --split")
        table, figures = evaluate_positions(open_dataset(dataset), split, positions, pieces, hold)
    if errors is not None and table is not None:
        write_bytes(errors, table.to_csv(index=False).encode())
    click.echo(json.dumps(figures, indent=2) if as_json else describe(figures))


def _dataset_of(run_folder: Path, manifest: dict[str, Any]) -> str:
    """The dataset of a run, where its name is enough to find it."""
    from scorebench.dataset import BUILT

    name: str = manifest["identity"]["dataset"]
    if name not in BUILT:
        raise UsageError(f"{run_folder}: was run on a folder called {name!r}; say where it is with --dataset")
    return name


def describe(figures: dict[str, Any]) -> str:
    """The figures of both protocols as text."""
    lines = []
    for name, f in figures.items():
        lines.append(f"{name}: {f['onsets']} onsets on {f['pages']} pages of {f['pieces']} pieces")
        lines.append("  " + "".join(f"{'≤' + format(t, 'g') + ' s':>10}" for t in f["thresholds_s"]))
        for key, label in (("micro", "all onsets"), ("macro_page", "mean of pages"), ("macro_piece", "mean of pieces")):
            lines.append("  " + "".join(f"{v:>10.3f}" for v in f[key]) + f"   {label}")
        sign = "+" if name == "strict" else ""  # the other protocol has none
        median = "none answered" if f["median_error_s"] is None else f"{f['median_error_s']:{sign}.3f} s"
        lines.append(f"  median error {median}, unanswered {f['unanswered']}, on revisited systems {f['revisited']}")
    return "\n".join(lines)
