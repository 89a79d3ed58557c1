"""Devices by name."""

import torch

from scorebench.errors import UsageError


def device_called(name: str) -> torch.device:
    """The device called ``name``: cpu, cuda, cuda:1, ..., or "auto", which is CUDA where there is one.

    From then on convolutions on CUDA are of full precision (no TF32): else answers would depend on the batch.

    Raises:
        UsageError: there is no such device here.
    """
    torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ValueError) as error:
        raise UsageError(f"no device {name!r} here ({str(error).splitlines()[0]}); try cpu") from error
    return device
