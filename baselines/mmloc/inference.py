"""MM-Loc as it answers: equal to ``network`` up to rounding, with batch norms folded into what is before them."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from baselines.mmloc.network import MMLoc
from scorebench.layers import keep_freed_memory

HEARD_AT_ONCE = 64
"""Excerpts of the sound encoded together: some ten MB of working memory, however long a page is."""


class Reader:
    """The network for answering, wherever that is.

    Attributes:
        device: where.
    """

    def __init__(self, network: MMLoc) -> None:
        keep_freed_memory()
        self.device = next(network.parameters()).device
        self._network = copy.deepcopy(network).eval().requires_grad_(False)
        for name in ("score", "sound", "joint"):
            setattr(self._network, name, folded(getattr(self._network, name)))

    @torch.inference_mode()
    def see(self, snippet: NDArray[np.float32]) -> Tensor:
        """A snippet (80, 256) to what ``locate`` needs of it, (1, joint_size, columns)."""
        return self._network.see(torch.from_numpy(snippet[None]).to(self.device))

    @torch.inference_mode()
    def hear(self, excerpts: NDArray[np.float32]) -> Tensor:
        """Excerpts of the sound (n, 78, 40), n at least 1, to what ``locate`` needs of them, (n, joint_size)."""
        heard = []
        for first in range(0, len(excerpts), HEARD_AT_ONCE):
            some = np.ascontiguousarray(excerpts[first : first + HEARD_AT_ONCE])
            heard.append(self._network.hear(torch.from_numpy(some).to(self.device)))
        return torch.cat(heard)

    @torch.inference_mode()
    def locate(self, seen: Tensor, heard: Tensor) -> NDArray[np.float32]:
        """What was seen in one snippet, and heard in n excerpts, to the probabilities (n, 40) of its buckets."""
        probability: NDArray[np.float32] = self._network.locate(seen, heard).float().softmax(1).cpu().numpy()
        return probability


def folded(layers: nn.Sequential) -> nn.Sequential:
    """``layers`` (in eval mode) without dropout, each batch norm in the convolution or dense layer before it.

    Where there is none before it, a batch norm stays.
    """
    kept: list[nn.Module] = []
    for layer in layers:
        before = kept[-1] if kept else None
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and isinstance(before, nn.Conv1d | nn.Conv2d):
            kept[-1] = fuse_conv_bn_eval(before, layer)
        elif isinstance(layer, nn.BatchNorm1d) and isinstance(before, nn.Linear):
            kept[-1] = fuse_linear_bn_eval(before, layer)
        elif not isinstance(layer, nn.Dropout):
            kept.append(layer)
    return nn.Sequential(*kept).eval().requires_grad_(False)
