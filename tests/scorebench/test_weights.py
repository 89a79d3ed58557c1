"""Weights from disk: what is read, and what is refused."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scorebench.errors import DataError, ScorebenchError, UsageError
from scorebench.weights import load_into, read_checkpoint, read_config, read_metadata, save_weights

torch = pytest.importorskip("torch")


def linear(inputs: int = 3, outputs: int = 2) -> Any:
    torch.manual_seed(0)
    return torch.nn.Linear(inputs, outputs)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_of_tensors_in_either_format(tmp_path: Path, zipped: bool) -> None:
    state = linear().state_dict()
    torch.save(state, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    tensors = read_checkpoint(tmp_path / "w.pt")
    assert list(tensors) == ["weight", "bias"]
    assert all(torch.equal(tensors[name], state[name]) for name in state)


def test_the_prefix_of_distributed_training_is_taken_off(tmp_path: Path) -> None:
    torch.save({f"module.{k}": v for k, v in linear().state_dict().items()}, tmp_path / "w.pt")
    assert list(read_checkpoint(tmp_path / "w.pt")) == ["weight", "bias"]
    mixed = {"module.weight": torch.ones(2), "bias": torch.ones(2)}
    torch.save(mixed, tmp_path / "mixed.pt")
    assert read_checkpoint(tmp_path / "mixed.pt").keys() == mixed.keys()


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False, None])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, zipped: bool | None) -> None:
    path, mark = tmp_path / "w.pt", tmp_path / "mark"
    if zipped is None:
        path.write_bytes(pickle.dumps(Evil(mark), protocol=2))
    else:
        torch.save({"weight": Evil(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(DataError, match=r"w\.pt: it holds Python objects besides tensors.*would run code"):
        read_checkpoint(path)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_a_truncated_file(tmp_path: Path, name: str, share: float) -> None:
    state, path = linear(30, 30).state_dict(), tmp_path / name
    if path.suffix == ".pt":
        torch.save(state, path)
    else:
        save_weights(path, state, {})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match=rf"{name}: damaged, or not a checkpoint \(\w+\); fetch or copy it again"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([1, 2], "holds list, not a table"),
        ({}, "holds dict, not a table"),
        ({"state_dict": {"weight": torch.ones(1)}}, "state_dict is something else"),
        ({1: torch.ones(1)}, "1 is something else"),
        ({"a": torch.ones(1), **{f"n{i}": i for i in range(5)}}, "n0, n1, n2 and 2 more is something else"),
        ({"weight": torch.tensor([1.0, float("nan")])}, "weight has values that are not finite"),
    ],
)
def test_what_is_no_table_of_sound_tensors(tmp_path: Path, content: Any, reason: str) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(DataError, match=rf"w\.pt: .*{reason}"):
        read_checkpoint(tmp_path / "w.pt")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "w.pt", tmp_path):
        with pytest.raises(UsageError, match="no such file"):
            read_checkpoint(path)


def test_saved_and_read_again(tmp_path: Path) -> None:
    state = {"b": torch.arange(6.0).reshape(2, 3).T, "a": torch.tensor([1], dtype=torch.int64)}
    save_weights(tmp_path / "w.safetensors", state, {"epochs": "3", "dataset": "mini"})
    tensors = read_checkpoint(tmp_path / "w.safetensors")
    assert all(torch.equal(tensors[name], state[name]) and tensors[name].dtype == state[name].dtype for name in state)
    assert read_metadata(tmp_path / "w.safetensors") == {"dataset": "mini", "epochs": "3"}


SAVE = """
import sys, torch
from pathlib import Path
from scorebench.weights import save_weights
save_weights(Path(sys.argv[1]), {n: torch.ones(3) for n in "abc"}, {k: k for k in "epochs dataset seed loss".split()})
"""


def test_the_same_content_has_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.safetensors" for i in range(3)]
    for path in paths:
        subprocess.run([sys.executable, "-c", SAVE, str(path)], check=True)
    assert len({path.read_bytes() for path in paths}) == 1


def test_tensors_that_share_memory_are_saved_both(tmp_path: Path) -> None:
    one = torch.ones(3)
    save_weights(tmp_path / "w.safetensors", {"a": one, "b": one}, {})
    assert read_checkpoint(tmp_path / "w.safetensors").keys() == {"a", "b"}


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScorebenchError, match="cannot be written"):
        save_weights(tmp_path / "file/w.safetensors", linear().state_dict(), {})


def test_metadata_of_what_is_no_safetensors_file(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"not that")
    for name in ("w.safetensors", "none.safetensors"):
        with pytest.raises(DataError, match=rf"{name}: missing or not a safetensors file"):
            read_metadata(tmp_path / name)


def test_loading_into_the_model_it_belongs_to() -> None:
    module, other = linear(), torch.nn.Linear(3, 2)
    load_into(other, module.state_dict(), "w.pt")
    assert torch.equal(other.weight, module.weight)


def test_a_checkpoint_of_another_model_is_named_and_changes_nothing() -> None:
    module = linear()
    before = module.weight.clone()
    tensors = {"weight": torch.ones(5, 3), **{f"conv{i}": torch.ones(1) for i in range(5)}}
    with pytest.raises(DataError) as raised:
        load_into(module, tensors, "w.pt")
    assert str(raised.value) == (
        "w.pt: this is a checkpoint of another model than Linear (1 missing: bias; "
        "5 unexpected: conv0, conv1, conv2 and 2 more; 1 of another shape: weight (5, 3) for (2, 3))"
    )
    assert torch.equal(module.weight, before)


def test_a_config_is_read_and_its_strings_stay_strings(tmp_path: Path) -> None:
    (tmp_path / "net_config.json").write_text('{"activation": "__import__(\'os\').getcwd()", "nc": 1}')
    assert read_config(tmp_path / "net_config.json") == {"activation": "__import__('os').getcwd()", "nc": 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "holds a JSON list"),
        (json.dumps({"a": "x" * (1 << 20)}).encode(), "larger than 1 MiB"),
        (None, "cannot be read .*beside the checkpoint"),
    ],
)
def test_a_config_that_is_none(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "net_config.json").write_bytes(content)
    with pytest.raises(DataError, match=rf"net_config\.json: {reason}"):
        read_config(tmp_path / "net_config.json")


@pytest.mark.parametrize(("model", "count"), [("CB_TA", 156), ("FB_TA", 120), ("NTC_TA", 154)])
def test_the_published_checkpoints(shared: Path, model: str, count: int) -> None:
    folder = shared / "reference/cunet" / model
    tensors = read_checkpoint(folder / "best_model.pt")
    assert len(tensors) == count
    assert {str(tensor.device) for tensor in tensors.values()} == {"cpu"}
    assert read_config(folder / "net_config.json")["film_layers"] == [2, 3, 4, 5, 6, 7, 8]
