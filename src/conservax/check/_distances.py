"""Exact Wasserstein distances between two sets of rows."""

from typing import Literal

import jax
import numpy as np
from jaxtyping import Array, Float

from conservax._types import PRNGKey


def wasserstein(
    x: Float[Array | np.ndarray, "rows dim"],
    y: Float[Array | np.ndarray, "others dim"],
    *,
    order: Literal[1, 2] = 2,
    most_rows: int | None = None,
    key: PRNGKey | None = None,
) -> float:
    """W1 or W2 between two sets of equally weighted rows, in the units of x, solved exactly by POT.

    Two sets of the same distribution are not at distance zero: compare with the distance between
    two sets of samples of one law. Time and memory grow as rows * others: 2000 rows take a second.

    **Arguments:**

    - `x`, `y`: rows, shapes `(rows, dim)` and `(others, dim)`.
    - `order`: 1 for the mean distance, 2 for the root of the mean squared distance.
    - `most_rows`, `key`: keep at most so many rows of each set, drawn without replacement.

    **Raises:** `ValueError` for shapes that do not fit, another order, or a cap without a key.
    """
    import ot

    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not a.size or not b.size:
        raise ValueError(
            f"expected shapes (rows, dim) and (others, dim); got {a.shape} and {b.shape}."
        )
    if order not in (1, 2):
        raise ValueError(f"expected order 1 or 2; got {order}.")
    if most_rows is not None:
        if key is None:
            raise ValueError("expected a key with most_rows; got None. Pass key=jax.random.key(0).")
        a_key, b_key = jax.random.split(key)
        a, b = _some(a, most_rows, a_key), _some(b, most_rows, b_key)
    cost = ot.dist(a, b, metric="euclidean" if order == 1 else "sqeuclidean")
    total, log = ot.emd2([], [], cost, numItermax=100_000_000, log=True)
    if log["warning"] is not None:
        raise RuntimeError(f"the transport problem was not solved: {log['warning']}")
    return float(max(total, 0.0) ** (1 / order))


def _some(rows: np.ndarray, most: int, key: PRNGKey) -> np.ndarray:
    if rows.shape[0] <= most:
        return rows
    return rows[np.asarray(jax.random.permutation(key, rows.shape[0])[:most])]
