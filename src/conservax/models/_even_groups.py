"""Groups of neighbouring rows, of as many rows each."""

import numpy as np
from jaxtyping import Float


def even_groups(
    x: Float[np.ndarray, "rows dim"], count: int
) -> tuple[Float[np.ndarray, "groups dim"], Float[np.ndarray, "groups dim"]]:
    """Means and standard deviations of so many groups, of as many rows each, to the next whole numbers.

    Rows are cut in two again and again, where they vary most: the leaves of a k-d tree [bentley1975].
    """
    if count == 1:
        return x.mean(axis=0)[None], x.std(axis=0)[None]
    first = count // 2
    cut = round(len(x) * first / count)
    order = np.argpartition(x[:, x.var(axis=0).argmax()], cut)
    halves = even_groups(x[order[:cut]], first), even_groups(x[order[cut:]], count - first)
    centres, deviations = (np.concatenate(each) for each in zip(*halves, strict=True))
    return centres, deviations
