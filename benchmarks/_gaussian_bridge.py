"""The Schroedinger bridge between two Gaussians: its closed form, and a law learned from draws.

Closed forms of [bunne2023]: the law of paths closest to dX = g dW among those that begin in
N(m0, S0) and end in N(m1, S1) is Gaussian at every time. Optimal transport is the limit g = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import sqrtm

from conservax.density import Autoregressive
from conservax.field import MatrixField
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy, NegativeLogLikelihood, ReferenceEnergy, Rows
from conservax.reference import FixedDrift, WithReference
from conservax.train import Stage, Training, train

DRAWS = 100_000  # from each end
NETWORK = {"components": 4, "width": 64, "depth": 2, "kernel": "normal"}
FIELD = {"width": 32, "depth": 2}
BROWNIAN = FixedDrift(lambda t, x: jnp.zeros_like(x))


@dataclass(frozen=True)
class GaussianBridge:
    """From N(m0, S0) at t = 0 to N(m1, S1) at t = 1, against Brownian motion of volatility g >= 0."""

    m0: np.ndarray
    S0: np.ndarray
    m1: np.ndarray
    S1: np.ndarray
    g: float = 0.0

    @property
    def dim(self) -> int:
        return len(self.m0)

    @property
    def cross(self) -> np.ndarray:
        """Cov(X_0, X_1)."""
        noise = self.g**2 * np.eye(self.dim)
        root = np.real(sqrtm(self.S0))
        inner = np.real(sqrtm(4 * root @ self.S1 @ root + noise @ noise))
        return (root @ inner @ np.linalg.inv(root) - noise) / 2

    def mean(self, t: float) -> np.ndarray:
        """E X_t."""
        return (1 - t) * self.m0 + t * self.m1

    def covariance(self, t: float) -> np.ndarray:
        """Cov X_t."""
        between = self.cross + self.cross.T + self.g**2 * np.eye(self.dim)
        return (1 - t) ** 2 * self.S0 + t**2 * self.S1 + t * (1 - t) * between

    def expected_end(self, x: np.ndarray) -> np.ndarray:
        """E(X_1 | X_0 = x), rows in and out: the optimal transport map where g = 0."""
        return self.m1 + (x - self.m0) @ np.linalg.inv(self.S0) @ self.cross

    @property
    def squared_distance(self) -> float:
        """E |X_1 - X_0|^2: the least kinetic energy where g = 0."""
        difference = self.m1 - self.m0
        return float(difference @ difference + np.trace(self.S0 + self.S1 - 2 * self.cross))

    @property
    def divergence(self) -> float:
        """Kullback-Leibler divergence of the paths from g W begun in N(m0, S0), nats; g > 0.

        Given both ends the paths are the same, so it is the divergence of (X_0, X_1).
        """
        left = self.S1 - self.cross.T @ np.linalg.inv(self.S0) @ self.cross
        log_shrunk = np.linalg.slogdet(left / self.g**2)[1]
        return float((self.squared_distance / self.g**2 - log_shrunk - self.dim) / 2)

    def draw(self, rng: np.random.Generator, t: float, n: int) -> np.ndarray:
        """Draws of X_t."""
        return rng.multivariate_normal(self.mean(t), self.covariance(t), n).astype(np.float32)


def turned(degrees: float, deviations: tuple[float, float]) -> np.ndarray:
    """A covariance with these deviations along axes turned by an angle."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    axes = np.array([[c, -s], [s, c]])
    return axes @ np.diag(np.square(deviations)) @ axes.T


def problem(g: float) -> GaussianBridge:
    """The ends of the claims: correlated, of other axes, so that their covariances do not commute."""
    m0, m1 = np.array([-0.4, 0.5]), np.array([0.8, -0.1])
    return GaussianBridge(m0, turned(20, (0.9, 0.4)), m1, turned(-65, (1.0, 0.35)), g)


def learn(
    bridge: GaussianBridge, stages: Sequence[tuple[int, float]], seed: int
) -> ConservationLaw:
    """A law of least energy, from draws at both ends and nothing else.

    `stages` are steps and the weight of the energy beside the likelihood. The weight falls: a
    heavy one orders the paths and pulls the ends together, by a fraction that is proportional to it.
    Batches are large, or a light weight would drown in the noise of the likelihood.
    """
    rng = np.random.default_rng(seed)
    x = jnp.concatenate([jnp.asarray(bridge.draw(rng, t, DRAWS)) for t in (0.0, 1.0)])
    key = jax.random.key(seed)
    law = ConservationLaw(
        Autoregressive(bridge.dim, **NETWORK, key=key),
        KnotheRosenblatt(),
        MatrixField(bridge.dim, **FIELD, key=key),
        bridge.g,
    )
    energy = ReferenceEnergy(512) if bridge.g else KineticEnergy(512)
    found = train(
        WithReference(law, BROWNIAN) if bridge.g else law,
        Rows(jnp.repeat(jnp.array([0.0, 1.0]), DRAWS), x),
        [Stage(steps, NegativeLogLikelihood() + weight * energy) for steps, weight in stages],
        key=key,
        training=Training(batch_size=4096, learning_rate=4e-3, ema_decay=0.998),
    ).law
    return found.law if bridge.g else found
