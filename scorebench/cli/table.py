"""`scorebench table`."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scorebench.cli.options import (
    checkpoint_option,
    dataset_option,
    device_option,
    jobs_option,
    out_option,
    piece_option,
    seed_option,
    seeds_option,
    tracker_option,
    tracker_options,
)
from scorebench.errors import UsageError

if TYPE_CHECKING:
    from scorebench.run import RunSpec


@click.command()
@dataset_option
@tracker_option
@click.option("--split", "splits", multiple=True, metavar="S", help="Only this split (may be repeated).")
@piece_option
@click.option("--format", "form", type=click.Choice(["md", "latex", "csv", "json"]), default="md", show_default=True)
@click.option("--paper", is_flag=True, help="Print the paper's own figures beside ours.")
@click.option("--published", is_flag=True, help="Add rows of trackers not named from the table of this version.")
@click.option("--no-run", is_flag=True, help="Only print what was run before; rows that were not are named.")
@out_option
@seed_option
@seeds_option(10)
@jobs_option
@checkpoint_option
@device_option
def table(
    dataset: str | None,
    trackers: tuple[str, ...],
    splits: tuple[str, ...],
    pieces: tuple[str, ...],
    form: str,
    paper: bool,
    published: bool,
    no_run: bool,
    out: Path,
    seed: int,
    seeds: int,
    jobs: int,
    checkpoint: str | None,
    device: str | None,
) -> None:
    """Print Table II for a dataset: sections I, II and III (a) to (c). Runs what is missing first.

    Both protocols are shown. Best figures are bold; rows that are given the truth (ceiling) or use demo weights
    do not compete. A tracker that draws its answers is run with several seeds, and shown with mean and standard
    deviation. Without --tracker, every registered tracker that can be loaded is in it.

    \b
    Example:
      scorebench table --paper
      scorebench table --dataset open --tracker mine --published
      scorebench table --tracker cyolo-ir --checkpoint mine.safetensors --out runs-of-mine --published
      scorebench table --dataset mini --format latex > table2.tex
    """
    from scorebench.ahead import run_ahead
    from scorebench.batch import loadable, run_all, specs_for
    from scorebench.dataset import open_dataset
    from scorebench.layout import FORMATS
    from scorebench.table import collect, joined, published_table

    if checkpoint is not None and len(trackers) != 1:
        raise UsageError("--checkpoint is of one tracker: name it with --tracker")
    data, options = open_dataset(dataset), tracker_options(checkpoint, device)
    before = published_table(data, pieces) if published else None
    names = trackers or loadable()
    sections = splits or [s for s in data.splits() if "@" not in s]  # S@p07: one performer's, asked for by name
    specs = specs_for(names, data, sections, seed, pieces, options, seeds)
    ahead = partial(run_ahead, jobs=jobs, dataset=dataset, options=options) if jobs > 1 else None
    if no_run:
        specs = _those_run(specs, out) or specs[:1]  # where there is none at all, the first says so
    failures = [] if no_run else run_all(specs, out, refresh=True, ahead=ahead)
    made = collect(specs, out, paper)
    click.echo(FORMATS[form](made if before is None else joined(made, before)))
    for line in failures:
        click.echo(f"failed: {line}", err=True)
    sys.exit(1 if failures else 0)


def _those_run(specs: "list[RunSpec]", out: Path) -> "list[RunSpec]":
    """Those of ``specs`` that were run; a row that lacks any of its seeds is left out, and named on stderr."""
    from scorebench.table import was_run

    absent = {(s.tracker_name, s.split) for s in specs if not was_run(s, out)}
    for name, split in sorted(absent):
        click.echo(f"not run: {name} on {split}", err=True)
    return [s for s in specs if (s.tracker_name, s.split) not in absent]
