"""`scorebench failures`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scorebench.cli.options import dataset_option
from scorebench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from scorebench.dataset import Dataset


@click.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(file_okay=False, path_type=Path))
@dataset_option
@click.option(
    "--by",
    type=click.Choice(["composer", "piece", "page", "repetition"]),
    default="composer",
    show_default=True,
    help="Count by; repetition: whether the pitches of an onset and the two before it stand on the page again.",
)
@click.option("--draw", "page", metavar="PIECE:INDEX", help="Draw this page and how it was followed.")
@click.option("-o", "out", type=click.Path(dir_okay=False, path_type=Path), help="The picture, PNG.")
@click.option("--no-ink", is_flag=True, help="Leave the page itself out of the picture.")
def failures(run_folder: Path, dataset: str | None, by: str, page: str | None, out: Path | None, no_ink: bool) -> None:
    """Say how the run in the folder RUN fails, the worst first.

    Shares of onsets that are tracked (within 0.5 s, protocol strict), ahead of or behind the music on the right
    system, on the next system, lost elsewhere on the page, or unanswered.

    \b
    Example:
      scorebench failures runs/open/full/cyolo-ir --dataset open
      scorebench failures runs/mini/subset-room/score-dtw --by page
      scorebench failures runs/mini/full/cyolo-ir --by repetition
      scorebench failures runs/mini/full/mm-loc --draw o6-2:0 -o followed.png

    In the picture a line leads from each onset to the answer: green where it was tracked, orange where it was early or
    late, red where it was on another system.
    """
    from scorebench.dataset import open_dataset
    from scorebench.failures import VERDICTS, count, judge
    from scorebench.layout import aligned
    from scorebench.results import RunFolder

    if (page is None) != (out is None):
        raise UsageError("a picture wants both: --draw PIECE:INDEX -o FILE.png")
    folder, data = RunFolder(run_folder), open_dataset(dataset)
    judged = judge(folder, data)
    if page is not None and out is not None:
        split = (folder.manifest or {})["identity"]["split"]
        _draw(data, split, judged, page, out, ink=not no_ink)
        return
    rows = count(judged, by)
    cells = [[str(name), f"{row['onsets']:.0f}", *(f"{row[v]:.3f}" for v in VERDICTS)] for name, row in rows.iterrows()]
    click.echo(aligned([by, "onsets", *VERDICTS], cells))


def _draw(dataset: "Dataset", split: str, judged: "pd.DataFrame", page: str, out: Path, ink: bool) -> None:
    from scorebench.cli.page_name import page_called
    from scorebench.files import write_atomic
    from scorebench.picture import draw_verdicts

    recording, index = page_called(dataset, split, page)
    rows = judged[(judged["piece"] == recording.piece) & (judged["page"] == index)]
    if rows.empty:
        raise UsageError(f"{recording.piece}, page {index}: not in this run")
    picture = draw_verdicts(recording.pages[index], rows, ink)
    write_atomic(out, lambda path: picture.save(path, format="PNG"))
    click.echo(f"{out}: {recording.piece}, page {index}, {split}")
