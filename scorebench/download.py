"""Fetching large archives: resumed where they broke off, checked by sha256, unpacked inside their folder."""

import stat
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from scorebench.errors import DataError
from scorebench.files import sha256_file, write_bytes

BLOCK_BYTES = 1 << 20
TIMEOUT_S = 60
MAX_UNPACKED_BYTES = 40 << 30
"""Most bytes an archive may unpack to; MSMD is a few GB."""

Report = Callable[[int, int | None], None]
"""Called with bytes done and bytes in all (None where the server does not say)."""


def _quiet(done: int, total: int | None) -> None:
    """Report nothing."""


def fetch(url: str, path: Path, sha256: str | None, report: Report = _quiet, by_hand: str = "--archive FILE") -> str:
    """Download ``url`` to ``path`` unless it is there; the sha256 (hex) of the file.

    What arrived before a break is kept in a .part file beside it, and the next call goes on from there.

    Args:
        sha256: what the file must have. None: the first download's is locked in a file beside it, and later ones
            must have the same.
        by_hand: the option, named in messages, with which a user hands over a file fetched by hand.

    Raises:
        DataError: no answer, broken off, or another checksum; the message says what to do.
    """
    lock = path.with_name(path.name + ".sha256")
    wanted = sha256 or (lock.read_text().split()[0] if lock.is_file() else None)
    part = path.with_name(path.name + ".part")
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _receive(url, part, report, by_hand)
    found = sha256_file(path if path.is_file() else part)
    if wanted is not None and found != wanted:
        (path if path.is_file() else part).unlink()
        raise DataError(f"{url}: sha256 is {found}, expected {wanted}; it was deleted. Try again, or another source")
    if not path.is_file():
        part.replace(path)
    write_bytes(lock, f"{found}  {path.name}\n".encode())
    return found


def _receive(url: str, part: Path, report: Report, by_hand: str) -> None:
    """Bring ``part`` up to the whole file."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the user's own address
            goes_on = have > 0 and answer.status == 206
            length = answer.headers.get("Content-Length")
            total = None if length is None else int(length) + (have if goes_on else 0)
            done = have if goes_on else 0
            with part.open("ab" if goes_on else "wb") as file:
                while block := answer.read(BLOCK_BYTES):
                    file.write(block)
                    done += len(block)
                    report(done, total)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send
            return
        raise DataError(f"{url}: {error.code} {error.reason}; fetch it by hand and pass {by_hand}") from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"{url}: no connection, or it broke off ({reason}); run it again to go on, or fetch it by hand and "
            f"pass {by_hand}"
        ) from error
    if total is not None and done < total:
        raise DataError(f"{url}: broke off after {done} of {total} bytes; run it again to go on")


def unpack(archive: Path, folder: Path, advance: Callable[[], None] = lambda: None) -> None:
    """Unpack the zip file ``archive`` so that its content is in ``folder``, all of it or nothing.

    Raises:
        DataError: it is no zip file, damaged, or has a member that would leave the folder, is a link, has another's
            name or makes it too large.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        with zipfile.ZipFile(archive) as file:
            members = [m for m in file.infolist() if not m.is_dir()]
            _check(archive, members)
            partial.mkdir(parents=True, exist_ok=True)
            for member in members:
                target = partial / member.filename
                if not (target.is_file() and target.stat().st_size == member.file_size):
                    file.extract(member, partial)
                advance()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{archive}: no complete zip archive ({error}); delete it and fetch it again") from error
    except OSError as error:
        raise DataError(f"{archive}: cannot be unpacked into {folder.parent} ({error.strerror or error})") from error
    partial.replace(folder)


def _check(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse what would not stay inside the folder."""
    if sum(m.file_size for m in members) > MAX_UNPACKED_BYTES:
        raise DataError(f"{archive}: unpacks to more than {MAX_UNPACKED_BYTES >> 30} GB; refused")
    seen: set[str] = set()
    for member in members:
        path = PurePosixPath(member.filename)
        link = stat.S_ISLNK(member.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in path.parts[0] or link:
            raise DataError(f"{archive}: member {member.filename!r} would leave the folder; refused")
        if member.filename.lower() in seen:
            raise DataError(f"{archive}: two members are called {member.filename!r}; refused")
        seen.add(member.filename.lower())
