"""Clusters of rows by k-means, for initial kernels."""

import numpy as np
from numpy.typing import ArrayLike

from conservax.density import Clusters

MOST_TO_CLUSTER = 50_000  # rows: more hardly improve the initial kernels
MIN_WIDTH = 0.02  # where a cluster is a point, in standardised units


def find_clusters(x: ArrayLike, count: int, *, seed: int = 0) -> Clusters:
    """Clusters of standardised rows by k-means, at most one per distinct row."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    x = np.asarray(x, float)
    if len(x) > MOST_TO_CLUSTER:
        x = np.random.default_rng(seed).choice(x, MOST_TO_CLUSTER, replace=False)
    count = min(count, len(np.unique(x, axis=0)))
    with threadpool_limits(1):  # the same clusters on every machine
        means = KMeans(count, n_init="auto", random_state=seed)
        label = means.fit_predict(x)
    centre = means.cluster_centers_
    covariance = _covariances(x - centre[label], label, count)
    return Clusters(centre, covariance, np.bincount(label, minlength=count))


def _covariances(offset: np.ndarray, label: np.ndarray, count: int) -> np.ndarray:
    """Covariance matrix of every cluster, regularised for few rows."""
    order = np.argsort(label, kind="stable")
    ends = np.cumsum(np.bincount(label, minlength=count))
    clusters = np.split(offset[order], ends[:-1])
    total = np.stack([part.T @ part / max(len(part), 1) for part in clusters])
    return total + MIN_WIDTH**2 * np.eye(offset.shape[1])
