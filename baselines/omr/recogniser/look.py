"""The network over a page."""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.marks import Maps
from scorebench.errors import MissingDependencyError
from scorebench.files import sha256_file
from scorebench.weights import load_into, read_checkpoint

if TYPE_CHECKING:
    from baselines.omr.recogniser.network import Marker

WEIGHTS = "marker.safetensors"


@cache
def weights_sha256() -> str:
    """Of the weights that come with this package."""
    with as_file(files("baselines.omr.recogniser") / WEIGHTS) as path:
        return sha256_file(path)


@cache
def marker() -> "Marker":
    """The network with the weights that come with this package.

    Raises:
        MissingDependencyError: torch is not installed.
    """
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"{error.name} is not installed: pip install 'scorebench[neural]'") from error
    with as_file(files("baselines.omr.recogniser") / WEIGHTS) as path:
        return loaded(path)


def loaded(path: Path) -> "Marker":
    """A network with the weights in ``path``, ready to be asked."""
    import torch

    from baselines.omr.recogniser.network import Marker

    net = Marker()
    tensors = {k: v.float() if v.is_floating_point() else v for k, v in read_checkpoint(path).items()}
    load_into(net, tensors, path)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    net.eval()
    return net


def look(net: "Marker", ink: NDArray[np.float32]) -> Maps:
    """What ``net`` says of (h, w) ink, as chances; maps are h / 2 and w / 2, rounded up."""
    import torch

    from baselines.omr.recogniser.network import MULTIPLE
    from baselines.omr.recogniser.symbols import STRIDE

    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % MULTIPLE), (0, -width % MULTIPLE)))
    with torch.inference_mode():
        answer = net(torch.from_numpy(padded)[None, None].contiguous(memory_format=torch.channels_last))
    rows, columns = -(-height // STRIDE), -(-width // STRIDE)

    def array(tensor: "torch.Tensor") -> NDArray[np.float32]:
        return np.ascontiguousarray(tensor[0, :, :rows, :columns].float().numpy())

    says = {name: array(torch.softmax(logits, dim=1)) for name, logits in answer.properties.items()}
    return Maps(array(answer.kinds.sigmoid()), array(answer.strokes.sigmoid()), says, array(answer.offsets))
