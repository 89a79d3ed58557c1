"""The run folder: what one tracker said about one split of one dataset, and what that is worth.

``manifest.json`` says what the run is (versions, hashes, seed: the same run, the same bytes), ``timings.json`` holds
everything that differs from time to time, ``trajectories.parquet`` the answers, ``errors.parquet`` and
``metrics.json`` what the protocols make of them. While a run is going, ``pages/`` holds one file a finished page.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scorebench.errors import DataError
from scorebench.files import write_atomic, write_json

FORMAT = 1
TRAJECTORY_COLUMNS = {
    "piece": "str",
    "page": "int64",
    "frame": "int64",  # of the recording, not of the page
    "x_px": "float64",
    "y_px": "float64",
    "w_px": "float64",
    "h_px": "float64",
    "confidence": "float64",
    "heard_s": "float64",
}


@dataclass(frozen=True)
class RunFolder:
    """Paths and files of one run."""

    path: Path

    @property
    def manifest(self) -> dict[str, Any] | None:
        """The manifest, or None where no run was begun here."""
        return read_json(self.path / "manifest.json") if (self.path / "manifest.json").exists() else None

    @property
    def finished(self) -> dict[str, Any] | None:
        """The manifest of a run that came to its end, or None."""
        manifest = self.manifest
        return manifest if manifest is not None and manifest.get("complete") else None

    @property
    def metrics(self) -> dict[str, Any]:
        """Figures by protocol (``metrics.evaluate``)."""
        return read_json(self.path / "metrics.json")

    def part(self, piece: str, page: int) -> Path:
        """Where the answers for one page are kept until the run is complete."""
        return self.path / "pages" / f"{piece}_page_{page:03d}.parquet"

    def trajectories(self) -> pd.DataFrame:
        """``TRAJECTORY_COLUMNS`` of all pages."""
        return read_parquet(self.path / "trajectories.parquet")

    def errors(self) -> pd.DataFrame:
        """``protocol.scoring.ERROR_COLUMNS`` of all pages, both protocols."""
        return read_parquet(self.path / "errors.parquet")

    def clear_parts(self) -> None:
        """Forget the page files of a complete run."""
        shutil.rmtree(self.path / "pages", ignore_errors=True)


def read_json(path: Path) -> dict[str, Any]:
    """The object in ``path``. DataError where it cannot be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}); run it again: `scorebench run --fresh`") from error
    if not isinstance(value, dict):
        raise DataError(f"{path}: holds no object; run it again: `scorebench run --fresh`")
    return value


def write_parquet(path: Path, table: pd.DataFrame, seconds: float | None = None) -> None:
    """Write ``table`` atomically, the same bytes for the same values; ``seconds`` goes into its metadata."""
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(
        None if seconds is None else {"seconds": repr(seconds)}
    )
    write_atomic(path, lambda p: pq.write_table(arrow, p, compression="zstd", store_schema=seconds is not None))


def read_parquet(path: Path) -> pd.DataFrame:
    """The table in ``path``. DataError where it cannot be read."""
    table: pd.DataFrame = _read(path).to_pandas()
    return table


def read_seconds(path: Path) -> float:
    """How long the page in the part ``path`` took."""
    metadata = _read(path).schema.metadata or {}
    return float(metadata.get(b"seconds", b"nan"))


def _read(path: Path) -> Any:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read ({error}); run it again with --fresh") from error


def write_results(
    folder: RunFolder, manifest: dict[str, Any], trajectories: pd.DataFrame, errors: pd.DataFrame
) -> None:
    """Write everything a complete run leaves; the manifest last, since it says that the rest is there."""
    from scorebench.metrics import evaluate

    write_parquet(folder.path / "trajectories.parquet", trajectories)
    write_parquet(folder.path / "errors.parquet", errors)
    write_json(folder.path / "metrics.json", evaluate(errors))
    write_json(folder.path / "manifest.json", manifest)
