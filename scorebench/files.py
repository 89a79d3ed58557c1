"""Writing files so that a kill or a full disk never leaves half of one, and naming their content."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scorebench.errors import ScorebenchError


def write_atomic(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in place in one step.

    Raises:
        ScorebenchError: the file cannot be written (full disk, no permission); nothing is left behind.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise ScorebenchError(
            f"{path}: cannot be written ({error.strerror or error}); make room or choose another folder, then run again"
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, atomically."""
    write_atomic(path, lambda p: _dump(p, content))


def _dump(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as JSON with sorted keys and a final newline: the same value, the same bytes."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(path, text.encode())


def sha256_file(path: Path) -> str:
    """Hex sha256 of the content of ``path``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_dir() -> Path:
    """Where built datasets live: ``SCOREBENCH_CACHE``, or the platform's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("SCOREBENCH_CACHE")
    return Path(chosen) if chosen else user_cache_path("scorebench")
