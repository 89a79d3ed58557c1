"""The Mutopia project at the commits that MSMD's pieces come from, fetched from its public home."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from scorebench.build.msmd_rebuild import Source, sources
from scorebench.download import fetch, unpack
from scorebench.errors import DataError
from scorebench.files import cache_dir
from scorebench.progress import progress_bar

ADDRESS = "https://github.com/MutopiaProject/MutopiaProject/archive/{commit}.zip"


def fetch_sources(address: str = ADDRESS, wanted: Sequence[Source] | None = None) -> Path:
    """A folder with ftp/ of the Mutopia project as ``msmd_rebuild`` wants it; fetched once, then found in the cache.

    Most pieces are of one commit; the folders of those of another are put in place of its own.

    Raises:
        DataError: nothing could be fetched, or what came is not the Mutopia project.
    """
    pieces = list(wanted) if wanted is not None else sources()
    commits = sorted({s.commit for s in pieces}, key=lambda c: -sum(s.commit == c for s in pieces))
    home = cache_dir() / "sources" / f"mutopia-{'-'.join(commits)}"
    if (home / "ftp").is_dir():
        return home
    checkouts = {commit: _checkout(commit, address.format(commit=commit)) for commit in commits}
    for commit in commits[1:]:
        for piece in (s for s in pieces if s.commit == commit):
            folder = Path(piece.path).parent
            shutil.copytree(checkouts[commit] / folder, checkouts[commits[0]] / folder, dirs_exist_ok=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    checkouts[commits[0]].replace(home)
    return home


def _checkout(commit: str, url: str) -> Path:
    """The unpacked archive of one commit."""
    folder = cache_dir() / "sources" / f"archive-{commit}"
    archive = folder.with_suffix(".zip")
    if not folder.is_dir():
        with progress_bar() as bar:
            task = bar.add_task(f"fetching Mutopia {commit} (bytes)", total=None)
            fetch(url, archive, None, lambda done, total: bar.update(task, completed=done, total=total))
            unpack(archive, folder)
    inner = next((path for path in sorted(folder.iterdir()) if (path / "ftp").is_dir()), None)
    if inner is None:
        raise DataError(f"{archive}: holds no ftp/; it is not the Mutopia project. Delete it and run again")
    return inner
