"""`scorebench failures`."""

from pathlib import Path

import click

from scorebench.cli.options import dataset_option


@click.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(file_okay=False, path_type=Path))
@dataset_option
@click.option("--by", type=click.Choice(["composer", "piece", "page"]), default="composer", show_default=True)
def failures(run_folder: Path, dataset: str | None, by: str) -> None:
    """Say how the run in the folder RUN fails, the worst first.

    Shares of onsets that are tracked (within 0.5 s, protocol strict), ahead of or behind the music on the right
    system, on the next system, lost elsewhere on the page, or unanswered.

    \b
    Example:
      scorebench failures runs/open/full/cyolo-ir --dataset open
      scorebench failures runs/mini/subset-room/score-dtw --by page
    """
    from scorebench.dataset import open_dataset
    from scorebench.failures import VERDICTS, count, judge
    from scorebench.layout import aligned
    from scorebench.results import RunFolder

    rows = count(judge(RunFolder(run_folder), open_dataset(dataset)), by)
    cells = [[str(name), f"{row['onsets']:.0f}", *(f"{row[v]:.3f}" for v in VERDICTS)] for name, row in rows.iterrows()]
    click.echo(aligned([by, "onsets", *VERDICTS], cells))
