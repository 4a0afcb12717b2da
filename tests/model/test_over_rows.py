"""Functions of one point over many rows."""

import jax
import numpy as np

from conservax.model._over_rows import CHUNK, over_rows


def test_rows_in_blocks_are_rows_one_by_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(CHUNK + 77, 2))
    function = jax.tree_util.Partial(lambda a, x: a * x.sum(), 3.0)
    np.testing.assert_allclose(over_rows(function, x), 3 * x.sum(1))
    assert over_rows(function, x[:0]).shape == (0,)
