"""`scorebench data pack`."""

from pathlib import Path

import click


@click.command()
@click.argument("dataset", metavar="D")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--split", "splits", multiple=True, metavar="S", help="Splits to pack. [default: train and valid]")
@click.option(
    "--responses",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of impulse responses to pack too (wav, flac).",
)
def pack(dataset: str, output: Path, splits: tuple[str, ...], responses: Path | None) -> None:
    """Pack a training set into one file, for a machine without LilyPond or a synthesiser.

    Pages in 8 grey levels, notes, a recorded piano, shortened impulse responses. For local use only.

    \b
    Example:
      scorebench data pack msmd-rebuild -o train.pack --responses irs/train
    """
    from scorebench.dataset import open_dataset
    from scorebench.pack_writer import write_pack
    from scorebench.progress import progress_bar

    data, chosen = open_dataset(dataset), splits or ("train", "valid")
    with progress_bar() as bar:
        task = bar.add_task("packing", total=sum(len(data.pieces(split)) for split in chosen))
        size = write_pack(data, chosen, output, responses, lambda: bar.advance(task))
    click.echo(f"{output}: {size / 2**20:.1f} MiB, {', '.join(chosen)} of {data.name}. For local use only.")
