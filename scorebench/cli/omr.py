"""`scorebench omr`."""

from pathlib import Path

import click


@click.command()
@click.argument("page", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    "-o",
    "outs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the score: .musicxml or .mid (may be repeated).",
)
@click.option(
    "--overlay",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png",
    help="Draw what was read over the page.",
)
@click.option(
    "--engine",
    "engine_name",
    default="built-in",
    show_default=True,
    metavar="E",
    help="What reads: built-in, audiveris, homr, oemer, or one that another package registers.",
)
def omr(page: Path, outs: tuple[Path, ...], overlay: Path | None, engine_name: str) -> None:
    """Read the picture of one page of music, PAGE, and write what is on it as a score.

    Engines other than built-in are programs of other people, to be installed first: docs/omr.md says how.

    \b
    Example:
      scorebench omr page.png -o page.musicxml
      scorebench omr page.png -o page.mid --overlay read.png --engine audiveris
    """
    from rich.console import Console

    from scorebench.errors import DataError, UsageError
    from scorebench.files import write_atomic
    from scorebench.omr_engines import load_engine
    from scorebench.omr_export import format_of, write_score
    from scorebench.omr_picture import draw_reading, read_picture

    if not outs and overlay is None:
        raise UsageError("say what to write: -o score.musicxml, or --overlay picture.png")
    for out in outs:
        format_of(out)  # a wrong ending is told before the reading takes its time
    if overlay is not None and overlay.suffix.lower() != ".png":
        raise UsageError(f"{overlay}: an overlay is a .png; choose such an ending")
    engine = load_engine(engine_name)
    image = read_picture(page)
    with Console(stderr=True).status(f"{engine_name} reads {page} ..."):
        reading = engine.read(image)
        if reading.confidence == 0:
            raise DataError(f"{page}: {engine_name} found no music on it; it reads engraved pages, upright and sharp")
        for out in outs:
            write_score(reading, out)
    if overlay is not None:
        drawn = draw_reading(image, reading)
        write_atomic(overlay, lambda temporary: drawn.save(temporary, format="png"))
    sizes = ", ".join(f"{len(getattr(reading, name))} {name}" for name in ("notes", "measures", "systems"))
    click.echo(f"{page}: {sizes}, confidence {reading.confidence:.2f}")
