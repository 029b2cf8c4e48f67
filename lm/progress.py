"""Progress bars with tokens a second and the time left, on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


class Bars:
    """Progress of one process.

    Args:
        shown: False for a process that says nothing.
        line: on which line of the terminal, where several processes have one each.
    """

    def __init__(self, *, shown: bool = True, line: int = 0) -> None:
        self._shown, self._line = shown, line

    def _bar(self, label: str, total: int, unit: str) -> Any:
        return tqdm(
            total=total, desc=label, unit=unit, unit_scale=True, leave=False, file=sys.stderr,
            dynamic_ncols=True, disable=not self._shown, position=self._line, delay=1,
            mininterval=0.2 if sys.stderr.isatty() else 10.0,
        )  # fmt: skip

    @contextmanager
    def tokens(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar over the tokens of a fit; the function is told of more of them."""
        bar = self._bar(label, total, " tokens")
        try:
            yield lambda tokens: bar.update(tokens)
        finally:
            bar.close()

    @contextmanager
    def rows(self, label: str, total: int) -> Iterator[Callable[[int, int], None]]:
        """A bar over the rows of a batch; the function is told of more tokens and rows."""
        bar = self._bar(label, total, " rows")
        begin, seen = time.monotonic(), 0

        def told(tokens: int, rows: int) -> None:
            nonlocal seen
            seen += tokens
            rate = seen / max(time.monotonic() - begin, 1e-9)
            bar.set_postfix_str(f"{rate:,.0f} tokens/s", refresh=False)
            bar.update(rows)

        try:
            yield told
        finally:
            bar.close()
