"""The layers of the image network. Attribute names are those of the published checkpoints' keys.

B batch, C channels, H rows, W columns, Z size of the conditioning vector. Every convolution is followed by a group
normalisation with one group (the paper's layer normalisation) and an ELU; convolutions have no bias.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Z_SIZE = 128


class Conv(nn.Module):
    """Convolution, normalisation, ELU: (B, C, H, W) to (B, out, H / stride, W / stride)."""

    def __init__(self, channels: int, out: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.GroupNorm(1, out)

    def forward(self, x: Tensor) -> Tensor:
        """As said above."""
        return F.elu(self.norm(self.conv(x)))


class Focus(nn.Module):
    """Four neighbouring pixels become four channels, then a convolution: (B, 1, H, W) to (B, out, H / 2, W / 2)."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.conv = Conv(4, out)

    def forward(self, x: Tensor) -> Tensor:
        """As said above."""
        phases = [x[..., row::2, column::2] for row, column in ((0, 0), (1, 0), (0, 1), (1, 1))]
        folded: Tensor = self.conv(torch.cat(phases, 1))
        return folded


class Bottleneck(nn.Module):
    """A residual block of three convolutions: (B, C, H, W) to (B, out, H, W).

    Attributes:
        downsample: the shortcut, a 1x1 convolution with a normalisation, where ``channels`` is not ``out``.
    """

    downsample: nn.Sequential

    def __init__(self, channels: int, out: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.norm1 = nn.GroupNorm(1, width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(1, width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.norm3 = nn.GroupNorm(1, out)
        if channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.GroupNorm(1, out))

    def forward(self, x: Tensor) -> Tensor:
        """As said above."""
        shortcut = self.downsample(x) if hasattr(self, "downsample") else x
        return self.after_first(self.conv1(x), shortcut)

    def after_first(self, inner: Tensor, shortcut: Tensor) -> Tensor:
        """The rest of the block, once conv1 and the shortcut were applied.

        Args:
            inner: (B, width, H, W), output of ``conv1``.
            shortcut: (B, out, H, W).
        """
        inner = F.elu(self.norm1(inner))
        inner = F.elu(self.norm2(self.conv2(inner)))
        return F.elu(self.norm3(self.conv3(inner)) + shortcut)


class FiLMConv(nn.Module):
    """Convolution, normalisation, feature-wise linear modulation by z, ELU (Perez et al. 2018)."""

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.norm = nn.GroupNorm(1, out)
        self.gamma = nn.Linear(Z_SIZE, out)
        self.beta = nn.Linear(Z_SIZE, out)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """(B, C, H, W) and (B, Z) to (B, out, H / stride, W / stride)."""
        return self.modulate(self.norm(self.conv(x)), z)

    def modulate(self, x: Tensor, z: Tensor) -> Tensor:
        """What follows the normalisation; ``x`` may have batch size 1 and is then shared by all of ``z``."""
        gamma, beta = self.gamma(z)[:, :, None, None], self.beta(z)[:, :, None, None]
        return F.elu(torch.addcmul(beta, gamma, x))


class Detect(nn.Module):
    """Three anchors a cell and class, each with x, y, w, h and an objectness, all before their sigmoid.

    Attributes:
        anchors: (classes, 3, 2) widths and heights in cells; ``anchor_grid`` the same in pixels.
    """

    anchors: Tensor
    anchor_grid: Tensor

    def __init__(self, channels: int, anchors_px: Tensor, stride: int) -> None:
        """``anchors_px``: (classes, 3, 2) in pixels of the network's input."""
        super().__init__()
        classes = len(anchors_px)
        self.register_buffer("anchors", anchors_px / stride)
        self.register_buffer("anchor_grid", anchors_px.reshape(classes, 1, 3, 1, 1, 2))
        self.m = nn.ModuleList(nn.Conv2d(channels, 15, 1) for _ in range(classes))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (classes, B, 3, H, W, 5)."""
        b, _, h, w = x.shape
        heads = [head(x).view(b, 3, 5, h, w).permute(0, 1, 3, 4, 2) for head in self.m]
        return torch.stack(heads)
