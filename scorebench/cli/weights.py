"""``scorebench weights``: fetch the weights that the authors of trackers published."""

from pathlib import Path

import click


@click.group()
def weights() -> None:
    """Fetch the weights that the authors of trackers published.

    \b
    Example:
      scorebench weights list
      scorebench weights get cunet-published
    """


@weights.command("list")
def list_weights() -> None:
    """Name the published weights, and where they are.

    \b
    Example:
      scorebench weights list
    """
    from scorebench.published import all_published

    for name, entry in all_published().items():
        state = f"in {entry.folder}" if entry.present else f"not here; scorebench weights get {name}"
        click.echo(f"{name}  {entry.about}  {state}")


@weights.command("get")
@click.argument("name")
@click.option("--url", help="Fetch the checkpoint from here, and its other files from beside it.")
@click.option("--sha256", help="What the checkpoint must have. [default: the known one, or what was locked before]")
@click.option(
    "--file",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Install this checkpoint, and its other files from beside it; fetch nothing.",
)
def get(name: str, url: str | None, sha256: str | None, source: Path | None) -> None:
    """Fetch the published weights NAME from their public home into the cache. A download that broke off goes on.

    What arrives is read once, without running any code of it, and refused unless it is a table of tensors.

    \b
    Example:
      scorebench weights get cunet-published
      scorebench weights get cyolo-published --file trained_models/cyolo/best_model.pt
    """
    from scorebench.progress import progress_bar
    from scorebench.published import find_published, install

    entry = find_published(name)
    with progress_bar(shown=source is None) as bar:
        task = bar.add_task("fetching (bytes)", total=None)
        installed = install(
            entry, url, sha256, source, lambda done, total: bar.update(task, completed=done, total=total)
        )
    for path, found in installed.items():
        click.echo(f"sha256 {found}  {path}")
