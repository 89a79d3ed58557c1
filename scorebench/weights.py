"""Weights of networks, from and to disk. What comes from disk is never trusted: tensors and JSON are read, no code.

``.safetensors`` is what this project writes. ``.pt`` is what the authors published: a pickle, of which torch admits
only tensors (``weights_only=True``).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scorebench.errors import DataError, MissingDependencyError, UsageError
from scorebench.files import write_bytes
from scorebench.published import published

if TYPE_CHECKING:
    import torch

__all__ = [
    "CONFIG",
    "load_into",
    "published",
    "read_card",
    "read_checkpoint",
    "read_config",
    "read_metadata",
    "read_said",
    "save_weights",
]

CONFIG = "net_config.json"
"""What the authors put beside a checkpoint."""
MAX_CONFIG_BYTES = 1 << 20
"""A config of a network is some hundred bytes long."""

_SHOWN = 3
_GET_ANOTHER = "fetch or copy it again, or name another checkpoint"


def read_checkpoint(path: Path) -> "dict[str, torch.Tensor]":
    """The tensors in ``path``, by name, on the CPU.

    A prefix ``module.``, left by distributed training, is taken off.

    Raises:
        UsageError: there is no such file.
        DataError: damaged, not a table of tensors, with code in it, or with values that are no numbers.
        MissingDependencyError: torch or safetensors is not installed.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file; {_GET_ANOTHER}")
    read = _read_safetensors if path.suffix == ".safetensors" else _read_pickle
    try:
        content = read(path)
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    except Exception as error:
        raise DataError(f"{path}: {_what_is_wrong(error)}") from error
    return _as_tensors(path, content)


def _read_safetensors(path: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(path)


def _read_pickle(path: Path) -> Any:
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def _not_installed(error: ModuleNotFoundError) -> MissingDependencyError:
    return MissingDependencyError(f"{error.name} is not installed: pip install 'scorebench[neural]'")


def _what_is_wrong(error: Exception) -> str:
    """One line, where torch says ten."""
    said = str(error)
    if "GLOBAL" in said:  # how torch names what a pickle wants to call
        return "it holds Python objects besides tensors, and reading them would run code; ask for a plain state dict"
    return f"damaged, or not a checkpoint ({type(error).__name__}); {_GET_ANOTHER}"


def _as_tensors(path: Path, content: Any) -> "dict[str, torch.Tensor]":
    """``content`` if it is a table of sound tensors."""
    import torch

    if not isinstance(content, Mapping) or not content:
        raise DataError(f"{path}: holds {type(content).__name__}, not a table of tensors; {_GET_ANOTHER}")
    others = [name for name, value in content.items() if not (isinstance(name, str) and torch.is_tensor(value))]
    if others:
        raise DataError(f"{path}: not a plain table of tensors: {_some(others)} is something else; {_GET_ANOTHER}")
    unsound = [name for name, value in content.items() if not torch.isfinite(value).all()]
    if unsound:
        raise DataError(f"{path}: {_some(unsound)} has values that are not finite; its training failed, use another")
    prefix = "module." if all(name.startswith("module.") for name in content) else ""
    return {name.removeprefix(prefix): value for name, value in content.items()}


def _some(names: Iterable[Any]) -> str:
    """The first of ``names``, and how many more there are."""
    listed = [str(name) for name in names]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def read_config(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``, such as a published ``net_config.json``. Strings in it stay strings.

    Raises:
        DataError: missing, too large, or not a JSON object.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); it belongs beside the checkpoint") from error
    if len(content) > MAX_CONFIG_BYTES:
        raise DataError(f"{path}: larger than {MAX_CONFIG_BYTES >> 20} MiB, so not a network's config; {_GET_ANOTHER}")
    try:
        config = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); {_GET_ANOTHER}") from error
    if not isinstance(config, dict):
        raise DataError(f"{path}: holds a JSON {type(config).__name__}, not an object; {_GET_ANOTHER}")
    return config


def load_into(module: "torch.nn.Module", tensors: "Mapping[str, torch.Tensor]", source: Path | str) -> None:
    """Copy ``tensors`` into ``module``: exactly its own names and shapes.

    Args:
        source: where they come from, for the message.

    Raises:
        DataError: they belong to another model; the message says what differs.
    """
    own = module.state_dict()
    missing, unexpected = own.keys() - tensors.keys(), tensors.keys() - own.keys()
    reshaped = [
        f"{name} {tuple(tensors[name].shape)} for {tuple(own[name].shape)}"
        for name in own.keys() & tensors.keys()
        if own[name].shape != tensors[name].shape
    ]
    found = {"missing": missing, "unexpected": unexpected, "of another shape": reshaped}
    if any(found.values()):
        differs = "; ".join(f"{len(v)} {what}: {_some(sorted(v))}" for what, v in found.items() if v)
        raise DataError(f"{source}: this is a checkpoint of another model than {type(module).__name__} ({differs})")
    module.load_state_dict(dict(tensors), strict=True)


def save_weights(path: Path, tensors: "Mapping[str, torch.Tensor]", metadata: Mapping[str, str]) -> None:
    """Write ``tensors`` and ``metadata`` (what trained them, say) as safetensors: the same content, the same bytes.

    Raises:
        ScorebenchError: the file cannot be written.
        MissingDependencyError: safetensors is not installed.
    """
    try:
        from safetensors.torch import save
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error

    plain = {name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}
    write_bytes(path, _with_sorted_header(save(plain, dict(metadata))))


def _with_sorted_header(content: bytes) -> bytes:
    """Safetensors keeps metadata in the order of a hash table, another one in each process."""
    size = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + size]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def read_metadata(path: Path) -> dict[str, str]:
    """What ``save_weights`` was told about the weights in ``path``; reads no tensor.

    Raises:
        DataError: missing, or not safetensors.
        MissingDependencyError: safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error

    try:
        with safe_open(path, framework="numpy") as file:
            return dict(sorted((file.metadata() or {}).items()))
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path}: missing or not a safetensors file ({error}); {_GET_ANOTHER}") from error


def read_card(path: Path) -> dict[str, Any]:
    """The training card inside the weights in ``path``, or nothing for a file of somebody else.

    Raises:
        DataError: it is missing in safetensors, or not JSON.
    """
    return read_said(path, "card") if path.suffix == ".safetensors" else {}


def read_said(path: Path, key: str) -> dict[str, Any]:
    """The JSON object that the weights in ``path`` hold as ``key`` of their metadata.

    Raises:
        DataError: there is none.
    """
    try:
        value = json.loads(read_metadata(path)[key])
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{path}: says nothing readable of its {key}; it was not written by scorebench train"
        ) from error
    if not isinstance(value, dict):
        raise DataError(f"{path}: its {key} is no JSON object; it was not written by scorebench train")
    return value
