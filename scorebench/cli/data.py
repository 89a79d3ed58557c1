"""``scorebench data``: build, check and look at datasets."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorebench.cli.pack import pack
from scorebench.cli.transfer import export, get
from scorebench.errors import ScorebenchError, UsageError

if TYPE_CHECKING:
    from scorebench.dataset import Dataset


@click.group()
def data() -> None:
    """Build, check and look at datasets.

    \b
    Example:
      scorebench data build mini
      scorebench data show mini JoplinS__MapleLeafRag__maple-leaf-rag:0 -o page.png
    """


data.add_command(pack)
data.add_command(get)
data.add_command(export)


@data.command("list")
def list_datasets() -> None:
    """Name the datasets that scorebench builds by itself, and where they are.

    \b
    Example:
      scorebench data list
    """
    from scorebench.build.corpus import card_facts
    from scorebench.dataset import BUILT, FROM_SOURCE, built_folder, open_dataset
    from scorebench.store import INDEX

    for name in (*BUILT, *FROM_SOURCE):
        _, card = card_facts(name)
        folder = built_folder(name)
        how = f"scorebench data build {name}" + (" --source DIR" if name in FROM_SOURCE else "")
        built = (folder / INDEX).is_file()
        count = len(_pieces(open_dataset(name))) if built else len(card.get("piece", []))  # a card need not list them
        state = f"built, {folder}" if built else f"not built; {how}"
        click.echo(f"{name}  version {card['version']}  {f'{count} pieces  ' if count else ''}{state}")


def _pieces(dataset: "Dataset") -> set[str]:
    """All of ``dataset``; many are in several splits."""
    return {piece for split in dataset.splits() for piece in dataset.pieces(split)}


@data.command("build")
@click.argument("name")
@click.option(
    "--source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with the sources, for a dataset that does not bring them.",
)
@click.option("--fresh", is_flag=True, help="Build again, even where it is complete.")
@click.option(
    "--train",
    type=click.IntRange(min=0),
    metavar="N",
    help="Of msmd-rebuild: only N pieces of the train split, spread over it. 0 is enough to benchmark.",
)
def build_dataset(name: str, source: Path | None, fresh: bool, train: int | None) -> None:
    """Build the dataset NAME into the cache. A build that was killed goes on where it was.

    What cannot be built of a dataset from sources is named, line by line, and tried again the next time.

    \b
    Example:
      scorebench data build mini
      scorebench data build performed --source DIR
      scorebench data build msmd-rebuild --train 0
    """
    from scorebench.dataset import BUILT, FROM_SOURCE, build_from_source, built_folder, open_dataset

    if name not in BUILT and name not in FROM_SOURCE:
        known = ", ".join((*BUILT, *FROM_SOURCE))
        raise UsageError(f"scorebench builds no dataset called {name!r}; it builds: {known}")
    folder = built_folder(name)
    if fresh and folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise ScorebenchError(f"{folder}: cannot be removed ({error.strerror}); remove it by hand") from error
    dataset = build_from_source(name, source, train=train) if name in FROM_SOURCE else open_dataset(name)
    for line in getattr(dataset, "facts", {}).get("failures", []):
        click.echo(f"failed: {line}", err=True)
    click.echo(f"{dataset.name}: {len(_pieces(dataset))} pieces in {folder}\nhash {dataset.hash}")


@data.command("info")
@click.argument("name", required=False)
def info(name: str | None) -> None:
    """Say what the dataset NAME is, where it comes from, and what made it.

    \b
    Example:
      scorebench data info mini
    """
    from scorebench.dataset import open_dataset

    dataset = open_dataset(name)
    click.echo(f"{dataset.name}\nhash {dataset.hash}")
    for split in dataset.splits():
        click.echo(f"{split}: {len(dataset.pieces(split))} pieces")
    facts: dict[str, Any] = getattr(dataset, "facts", {})
    for key, text in facts.get("definition", {}).items():
        if isinstance(text, str):
            click.echo(f"\n{key}: {text.strip()}")
    for licence, pieces in _licences(dataset).items():
        click.echo(f"\nlicence {licence} ({len(pieces)} pieces): {', '.join(pieces)}")
    for line in facts.get("failures", []):
        click.echo(f"\nfailed: {line}")
    if "tools" in facts:
        click.echo(f"\ntools: {json.dumps(facts['tools'], indent=2, sort_keys=True)}")


def _licences(dataset: Any) -> dict[str, list[str]]:
    """Licence -> pieces of a page store that have it; nothing for other datasets."""
    from scorebench.store import StoreDataset

    found: dict[str, list[str]] = {}
    if isinstance(dataset, StoreDataset):
        for path in sorted((dataset.root / "pieces").glob("[!.]*/piece.json")):
            licence = json.loads(path.read_text(encoding="utf-8")).get("licence", "not stated")
            found.setdefault(licence, []).append(path.parent.name)
    return found


@data.command("check")
@click.argument("name", required=False)
def check_dataset(name: str | None) -> None:
    """Check every page, note, sound and file of the dataset NAME; exit 1 with one line a problem.

    \b
    Example:
      scorebench data check mini
    """
    from scorebench.checking import check_dataset as check
    from scorebench.dataset import open_dataset
    from scorebench.progress import progress_bar
    from scorebench.store import StoreDataset
    from scorebench.store_writer import changed_files

    dataset = open_dataset(name)
    problems = changed_files(dataset.root, dataset.facts["files"]) if isinstance(dataset, StoreDataset) else []
    with progress_bar() as bar:
        task = bar.add_task("checking", total=sum(len(dataset.pieces(s)) for s in dataset.splits()))
        counts, found = check(dataset, lambda: bar.advance(task))
    problems += found
    for c in counts:
        click.echo(
            f"{c.split}: {c.pieces} pieces, {c.pages} pages, {c.systems} systems, {c.onsets} onsets, "
            f"{c.unplayed} notes not played, {c.seconds / 60:.1f} minutes"
        )
    if not problems:
        click.echo(f"{dataset.name} is sound (hash {dataset.hash[:12]})")
        return
    for problem in problems:
        click.echo(problem, err=True)
    raise ScorebenchError(f"{dataset.name}: {len(problems)} problem(s); build or get the dataset again")


@data.command("show")
@click.argument("name")
@click.argument("page")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="PNG to write.")
@click.option("--split", default="full", show_default=True, help="Whose onsets to draw.")
@click.option("--bars", is_flag=True, help="Draw and number the bars too.")
def show(name: str, page: str, out: Path, split: str, bars: bool) -> None:
    """Draw systems, onsets and noteheads over a PAGE, named PIECE:INDEX (a part of the piece's name will do).

    Onsets are ticks, from blue (first) to red (last); noteheads are green, those not played pink.

    \b
    Example:
      scorebench data show mini maple-leaf:0 -o page.png
      scorebench data show mini maple-leaf:0 --split subset-performance --bars -o page.png
    """
    from scorebench.cli.page_name import page_called
    from scorebench.dataset import open_dataset
    from scorebench.files import write_atomic
    from scorebench.picture import draw_page

    recording, index = page_called(open_dataset(name), split, page)
    picture = draw_page(recording, index, bars)
    write_atomic(out, lambda path: picture.save(path, format="PNG"))
    click.echo(f"{out}: {recording.piece}, page {index}, {split}")
