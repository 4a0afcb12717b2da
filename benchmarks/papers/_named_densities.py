"""The seven named densities of [richterpowell2022, section 7.2]: mixtures of many small round normals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from sklearn.datasets import make_circles, make_moons, make_swiss_roll


class NamedDensity(eqx.Module):
    """Normals of one standard deviation and equal weights in the plane.

    **Attributes:**

    - `centres`: shape `(normals, 2)`.
    - `deviation`: of each, > 0.
    """

    centres: Float[Array, "normals 2"]
    deviation: float = eqx.field(static=True)

    def log_prob(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        """log density at x, shape `()`, nats."""
        square = jnp.sum(((x[None] - self.centres) / self.deviation) ** 2, axis=1)
        size = float(np.log(2 * np.pi * self.deviation**2 * len(self.centres)))
        return jax.nn.logsumexp(-0.5 * square) - size

    def sample(self, key: Array) -> Float[Array, " dim"]:
        """One draw, shape `(2,)`."""
        pick_key, draw_key = jax.random.split(key)
        picked = jax.random.randint(pick_key, (), 0, len(self.centres))
        return self.centres[picked] + self.deviation * jax.random.normal(draw_key, (2,))


def _eight() -> np.ndarray:
    angle = np.arange(8) * np.pi / 4
    return np.sqrt(2.0) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _pinwheel() -> np.ndarray:
    arms, each = 5, 1000
    random = np.random.default_rng(0)
    along, across = random.normal((1.0, 0.0), (0.3, 0.1), size=(arms * each, 2)).T
    angle = np.repeat(np.arange(arms) * 2 * np.pi / arms, each) + 0.25 * np.exp(along)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([along * cosine - across * sine, along * sine + across * cosine], axis=1)


def _spirals() -> np.ndarray:
    random = np.random.default_rng(0)
    turn = 3 * np.pi * np.sqrt(random.uniform(size=2500))
    shaken = random.uniform(size=(2500, 2)) / 2
    arm = turn[:, None] * np.stack([-np.cos(turn), np.sin(turn)], axis=1) + shaken
    return np.concatenate([arm, -arm]) / 6


def _centres(name: str) -> np.ndarray:
    if name == "circles":
        return 1.5 * make_circles(1000, shuffle=False, factor=0.5)[0]
    if name == "moons":
        return (2 * make_moons(5000, shuffle=False)[0] + [-1.0, -0.2]) / 2
    if name == "swissroll":
        return make_swiss_roll(5000, random_state=0)[0][:, [0, 2]] / 10
    made = {"8gaussians": _eight, "pinwheel": _pinwheel, "2spirals": _spirals}
    return made[name]() if name in made else np.zeros((1, 2))


DEVIATIONS = {
    "circles": 0.16,
    "8gaussians": 0.5 / np.sqrt(8.0),
    "pinwheel": 0.1,
    "swissroll": 0.1,
    "moons": 0.1,
    "2spirals": 0.1,
    "gaussian": 1.0,
}


def named_density(name: str) -> NamedDensity:
    """A density of `DEVIATIONS`; the same every time."""
    return NamedDensity(jnp.asarray(_centres(name), float), float(DEVIATIONS[name]))
