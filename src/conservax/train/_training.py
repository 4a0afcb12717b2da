"""Settings of training, as one value."""

from dataclasses import dataclass, fields, replace
from numbers import Integral
from typing import Self

import optax


@dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of training. None is a choice left to `fit`, `fit_events` or `train`.

    **Attributes:**

    - `steps`: training steps at most: 2000, or 1500 of point processes. Stages have their own.
    - `batch_size`: rows per step, or windows of events, drawn with replacement: 256 or 16.
    - `learning_rate`: peak learning rate of Adam, which falls along a cosine: 0.002.
    - `optimiser`: any Optax transformation instead of Adam, with a learning rate of its own. One with weight
      decay shrinks what is not learned too, as the times and widths of snapshots.
    - `noise`: input noise on positions, in standard deviations; chosen from the rows, 0 for none. The
      bandwidth of a kernel, against overfitting of few rows.
    - `time_noise`: input noise on times, of the unit range; chosen from the rows, 0 for none.
    - `patience`: stop after so many steps without a better validation objective: 1000, or 600
      for point processes. As many as there are steps never stops early.
    - `ensemble`: ensemble members, trained at once from different seeds; the best on the validation
      rows is kept.
    - `clip`: largest global norm of the gradient, before the optimiser.
    - `ema_decay`: decay of the exponential moving average of the parameters, which is what is kept; 0
      for the parameters themselves.
    - `chunk`: steps per compiled call; metrics and checkpoints come at its end. So do calls of
      `on_chunk`.
    - `memory_rows`: a Parquet file of more rows is streamed: training goes round its rows in
      shards on disk, beside the run or where the system has temporary files.
    - `progress`: show a progress bar, or plain lines where there is no terminal.

    **Raises:** `ValueError` for numbers that make no sense, or a learning rate beside an optimiser.
    """

    steps: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    optimiser: optax.GradientTransformation | None = None
    noise: float | None = None
    time_noise: float | None = None
    patience: int | None = None
    ensemble: int = 1
    clip: float = 1.0
    ema_decay: float = 0.99
    chunk: int = 100
    memory_rows: int = 2_000_000
    progress: bool = True

    def __post_init__(self):
        for name in ("steps", "batch_size", "patience", "ensemble", "chunk", "memory_rows"):
            value, least = getattr(self, name), 0 if name == "memory_rows" else 1
            if value is not None and not (isinstance(value, Integral) and int(value) >= least):
                raise ValueError(f"expected {name} as an integer of at least {least}; got {value}.")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise ValueError(f"expected a learning_rate above 0; got {self.learning_rate}.")
        if self.learning_rate is not None and self.optimiser is not None:
            raise ValueError(
                "expected a learning_rate or an optimiser, which has its own; got both. Leave one out."
            )
        if not self.clip > 0:
            raise ValueError(f"expected clip above 0; got {self.clip}.")
        if not 0 <= self.ema_decay < 1:
            raise ValueError(f"expected ema_decay from 0 to below 1; got {self.ema_decay}.")
        for name in ("noise", "time_noise"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"expected {name} of 0 or more; got {value}.")

    def filled(self, usual: "Training") -> Self:
        """A copy in which None is replaced by the values of another."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        missing = {name: getattr(usual, name) for name, value in own.items() if value is None}
        if self.optimiser is not None:
            missing.pop("learning_rate", None)
        return replace(self, **missing)
