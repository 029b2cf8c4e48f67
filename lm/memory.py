"""Too little memory, said in one line that names what to change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Allocations that fail with a bare RuntimeError: the CPU's, and those of CUDA's libraries.
_SIGNS = ("can't allocate", "not enough memory", "out of memory", "ALLOC_FAILED")


@contextmanager
def enough_memory(purpose: str, remedy: str) -> Iterator[None]:
    """Turn a failed allocation, on a GPU or not, into bad input.

    Args:
        purpose: what the memory is for, as in "train".
        remedy: what to change.

    Raises:
        ValueError: there is too little of it.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as problem:
        raise _told(purpose, remedy, problem) from None
    except RuntimeError as problem:
        if not any(sign in str(problem) for sign in _SIGNS):
            raise
        raise _told(purpose, remedy, problem) from None


def _told(purpose: str, remedy: str, problem: BaseException) -> ValueError:
    """The error with the first sentence of what torch says: how much was wanted."""
    said = " ".join(str(problem).split()).partition(". ")[0]
    return ValueError(f"too little memory to {purpose}: {remedy}{said and f' ({said})'}")
