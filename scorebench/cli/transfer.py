"""`scorebench data get` and `scorebench data export`."""

from pathlib import Path

import click

from scorebench.errors import UsageError


@click.command()
@click.argument("name")
@click.option("--url", help="Fetch from here instead of the address in the dataset's card.")
@click.option("--sha256", help="What the archive must have. [default: the card's, or what was locked before]")
@click.option(
    "--archive", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Unpack this file; fetch nothing."
)
def get(name: str, url: str | None, sha256: str | None, archive: Path | None) -> None:
    """Fetch the dataset NAME from its public home into the cache. A download that broke off goes on.

    \b
    Example:
      scorebench data get msmd
      scorebench data get msmd --archive msmd.zip
    """
    from scorebench.build.corpus import card_facts
    from scorebench.dataset import FETCHED, built_folder, open_dataset
    from scorebench.download import fetch, unpack
    from scorebench.files import sha256_file
    from scorebench.progress import progress_bar

    if name not in FETCHED:
        raise UsageError(f"no dataset called {name!r} to fetch; there is: {', '.join(FETCHED)}")
    _, card = card_facts(name)
    folder = built_folder(name)
    with progress_bar() as bar:
        if not folder.is_dir():
            if archive is None:
                archive = folder.with_suffix(".zip")
                task = bar.add_task("fetching (bytes)", total=None)
                found = fetch(
                    url or card["url"],
                    archive,
                    sha256 or card["sha256"] or None,
                    lambda done, total: bar.update(task, completed=done, total=total),
                )
            else:
                found = sha256_file(archive)
                if sha256 and found != sha256:
                    raise UsageError(f"{archive}: sha256 is {found}, expected {sha256}")
            click.echo(f"sha256 {found}  {archive.name}")
            task = bar.add_task("unpacking (files)", total=None)
            unpack(archive, folder, lambda: bar.advance(task))
    dataset = open_dataset(name)
    click.echo(f"{dataset.name}: {', '.join(dataset.splits())} in {folder}")
    for line in getattr(dataset, "missing", list)():
        click.echo(f"incomplete: {line}", err=True)


@click.command()
@click.argument("dataset", metavar="D")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--split", "splits", multiple=True, metavar="S", help="Only this split (may be repeated).")
def export(dataset: str, folder: Path, splits: tuple[str, ...]) -> None:
    """Write the dataset D into DIR, a folder a split, in the authors' npz + wav layout.

    \b
    Example:
      scorebench data export mini exported --split subset-room
    """
    from scorebench.dataset import open_dataset
    from scorebench.export import export as write
    from scorebench.progress import progress_bar

    data = open_dataset(dataset)
    with progress_bar() as bar:
        for split in splits or data.splits():
            task = bar.add_task(split, total=len(data.pieces(split)))
            count = write(data, split, folder / split, lambda task=task: bar.advance(task))  # type: ignore[misc]
            click.echo(f"{folder / split}: {count} pieces")
