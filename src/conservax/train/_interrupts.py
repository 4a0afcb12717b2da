"""Interrupts (Ctrl-C) that are not lost while JAX traces."""

import signal
import threading
from types import FrameType
from typing import Self


class Interrupts:
    """A context that notices interrupts, and raises them again where one was lost.

    Python raises `KeyboardInterrupt` wherever it happens to be, and drops it where that is a callback of its
    garbage collector. JAX has one, and tracing keeps the collector busy.
    """

    def __init__(self) -> None:
        self._seen = self._installed = False

    def __enter__(self) -> Self:
        here = threading.current_thread() is threading.main_thread()
        if here and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def raise_lost(self) -> None:
        """Raise the interrupt that was lost, if there was one.

        **Raises:** `KeyboardInterrupt`.
        """
        if self._seen:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._seen = True
        signal.default_int_handler(number, frame)
