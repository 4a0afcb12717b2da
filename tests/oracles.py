"""Laws known in closed form, laws with random networks, and the means to hold one to the other."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.monitoring
import jax.numpy as jnp
import numpy as np
from flowjax import bijections as library

from conservax.bijection import (
    AbstractBijection,
    Chain,
    CouplingFlow,
    FlowjaxBijection,
    InterpolatedAffine,
)
from conservax.check import continuity_residual, fokker_planck_residual
from conservax.density import (
    AbstractDensity,
    AbstractFactorizedDensity,
    Autoregressive,
    Factorized,
    Gaussian,
    KernelMixture,
    Mixture,
    Whitened,
)
from conservax.flux import FactorizedFlux, KnotheRosenblatt, MixtureFlux
from conservax.law import ConservationLaw
from conservax.nn import TimeEmbedding
from conservax.univariate import LogisticMixture

# Most of a test is the compiler's time, and hardly any the compiled program's.
COMPILE_QUICKLY = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}


class Compilations:
    """Counts the compilations while it is entered."""

    def __enter__(self):
        self.count, self._on = 0, True
        jax.monitoring.register_event_duration_secs_listener(self._note)
        return self

    def _note(self, event, _seconds, **_):
        self.count += self._on and event == "/jax/core/compile/backend_compile_duration"

    def __exit__(self, *_):
        self._on = False


def compiled(function: Callable) -> Callable:
    """`function` under `filter_jit`, compiled for little running."""
    return eqx.filter_jit(function, compiler_options=COMPILE_QUICKLY)


def over_points(function: Callable, law, t, *rows):
    """`function(law, t, x, ...)` at every row, in one compiled program, as NumPy arrays."""

    def batched(law, t, *rows):
        return jax.vmap(lambda t, *row: function(law, t, *row))(t, *rows)

    return jax.tree.map(np.asarray, compiled(batched)(law, t, *rows))


# ---- closed forms


class MovingLogistic(AbstractFactorizedDensity):
    """Independent logistics, location and log scale linear in t: particles keep their z-score."""

    location: jax.Array
    speed: jax.Array
    log_scale: jax.Array
    growth: jax.Array
    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True, default=0)

    def marginals(self, t, condition=None):
        mean = self.location + self.speed * t
        log_scale = self.log_scale + self.growth * t
        return LogisticMixture(jnp.zeros_like(mean)[:, None], mean[:, None], log_scale[:, None])


def moving_logistic(location, speed, log_scale, growth) -> MovingLogistic:
    """`MovingLogistic` from lists."""
    arrays = (jnp.asarray(value, float) for value in (location, speed, log_scale, growth))
    return MovingLogistic(*arrays, dim=len(location))


def ornstein_uhlenbeck(theta: float, g: float, mean, scale) -> Gaussian:
    """Marginals of dX = -theta X dt + g dW started from N(mean, scale^2)."""
    mean, scale = jnp.asarray(mean), jnp.asarray(scale)
    stationary = g**2 / (2 * theta)

    def scale_at(t):
        return jnp.sqrt(stationary + (scale**2 - stationary) * jnp.exp(-2 * theta * t))

    return Gaussian(len(mean), lambda t: mean * jnp.exp(-theta * t), scale_at)


class Straight(eqx.Module):
    """start + (end - start) t: moments on a straight line."""

    start: jax.Array
    end: jax.Array

    def __call__(self, t):
        return self.start + (self.end - self.start) * t

    @property
    def slope(self):
        """The derivative in t."""
        return self.end - self.start


def gaussian(dim: int, *, full: bool) -> Gaussian:
    """A Gaussian whose mean and scale (or Cholesky factor) move on straight lines."""
    random = np.random.default_rng(dim)
    mean = Straight(jnp.asarray(random.normal(size=dim)), jnp.asarray(random.normal(size=dim)))
    sizes = (jnp.asarray(random.uniform(0.4, 1.5, size=dim)) for _ in range(2))
    if not full:
        return Gaussian(dim, mean, Straight(*sizes))
    below = (jnp.asarray(np.tril(random.normal(size=(dim, dim)), -1)) for _ in range(2))
    factors = (lower + jnp.diag(size) for lower, size in zip(below, sizes, strict=True))
    return Gaussian(dim, mean, Straight(*factors))


# ---- random networks

SMALL = {"components": 3, "width": 16, "depth": 2}


def perturbed(module, key, noise: float = 0.1):
    """Noise on every parameter: away from the start, where nothing moves much."""
    leaves, tree = jax.tree.flatten(module)
    keys = jax.random.split(key, len(leaves))
    moved = [x + noise * jax.random.normal(k, x.shape) for k, x in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(tree, moved)


def autoregressive(dim: int, seed: int = 0, **options) -> Autoregressive:
    """A small network."""
    network = Autoregressive(dim, **SMALL | options, key=jax.random.key(seed))
    return perturbed(network, jax.random.key(seed + 100))


def factorized(dim: int, seed: int = 0, **options) -> Factorized:
    """A small network."""
    network = Factorized(dim, **SMALL | options, key=jax.random.key(seed))
    return perturbed(network, jax.random.key(seed + 100))


def kernel_mixture(dim: int, seed: int = 0, **options) -> KernelMixture:
    """A few time-varying components of full covariance."""
    random = np.random.default_rng(seed)
    centre, scale = random.normal(size=(3, dim)), random.uniform(0.3, 0.8, size=(3, dim))
    slopes = random.normal(size=(3, dim, dim))
    options = {"rank": 8, "time_varying": True, "slopes": slopes, "background": 0.05} | options
    mixture = KernelMixture(centre, scale, **options, key=jax.random.key(seed))
    return perturbed(mixture, jax.random.key(seed + 100))


def mixture(law: Callable, dim: int, **options) -> Mixture:
    """Two components of unequal weight."""
    return Mixture([law(dim, seed, **options) for seed in (1, 2)], weights=[0.3, 0.7])


def whitened(dim: int, seed: int = 0, **options) -> Whitened:
    """A small network in the coordinates of three normals that are unlike each other."""
    random = np.random.default_rng(seed)
    below = np.tril(random.normal(size=(3, dim, dim)), -1)
    sizes = random.uniform(0.4, 1.2, size=(3, dim))
    factor = below + np.einsum("kd,de->kde", sizes, np.eye(dim))
    shape = autoregressive(dim, seed, kernel="normal", begin_normal=True, **options)
    return Whitened(shape, [0.0, 0.3, 1.0], random.normal(size=(3, dim)), factor)


DENSITIES = {
    "autoregressive": autoregressive,
    "autoregressive of normals": lambda dim, **options: autoregressive(
        dim, kernel="normal", **options
    ),
    "factorized": factorized,
    "mixture of factorized": lambda dim, **options: mixture(factorized, dim, **options),
    "mixture of autoregressive": lambda dim, **options: mixture(autoregressive, dim, **options),
    "kernel mixture": kernel_mixture,
    "whitened": whitened,
    "diagonal Gaussian": lambda dim: gaussian(dim, full=False),
    "full Gaussian": lambda dim: gaussian(dim, full=True),
}
LEARNED = [name for name in DENSITIES if "Gaussian" not in name]


def couplings(dim: int, layers: int = 3, noise: float = 0.2, **options) -> CouplingFlow:
    """A few small layers, not the identity they begin with."""
    made = CouplingFlow(dim, layers=layers, width=8, depth=2, key=jax.random.key(0), **options)
    networks = perturbed(made.conditioners, jax.random.key(1), noise)
    return eqx.tree_at(lambda one: one.conditioners, made, networks)


def masked_autoregressive(dim: int, condition_dim: int = 0) -> FlowjaxBijection:
    """Two layers of flowjax, the order turned round in between."""
    embedding = TimeEmbedding(2, 1.0, condition_dim)
    options = {"dim": dim, "cond_dim": embedding.size, "nn_width": 8, "nn_depth": 1}
    with jax.numpy_rank_promotion("allow"):  # masks are of other ranks than what they mask
        first, second = (
            library.MaskedAutoregressive(
                key, transformer=library.Affine(), nn_activation=jnp.tanh, **options
            )
            for key in jax.random.split(jax.random.key(2))
        )
    turned = library.Permute(jnp.arange(dim)[::-1])
    return FlowjaxBijection(library.Chain([first, turned, second]), embedding)


def bijections(dim: int, condition_dim: int = 0) -> dict[str, AbstractBijection]:
    """One of each kind."""
    made = {"masked autoregressive": masked_autoregressive(dim, condition_dim)}
    random = np.random.default_rng(0)
    factor = np.eye(dim) + np.tril(0.3 * random.normal(size=(2, dim, dim)), -1)
    linear = InterpolatedAffine([0.1, 0.7], random.normal(size=(2, dim)), factor)
    made["chain"] = Chain(made["masked autoregressive"], linear)
    for transformer in ("affine", "spline") if dim > 1 else ():
        made[transformer] = couplings(dim, transformer=transformer, condition_dim=condition_dim)
    return made


def growing(make, dim, **options):
    """Three components whose masses vary."""
    mixture = Mixture([make(dim, seed) for seed in (1, 2, 3)], growth_modes=2, weights=[3, 2, 1])
    coefficients = jnp.asarray([[0.8, -0.1], [-0.5, 0.3], [0.4, 0.2]])
    rates = jnp.asarray([-0.06, 0.1, 0.02])
    mixture = eqx.tree_at(
        lambda m: (m.growth_coefficients, m.paced_rates), mixture, (coefficients, rates)
    )
    inner = FactorizedFlux() if make is factorized else KnotheRosenblatt()
    return ConservationLaw(mixture, MixtureFlux(inner), **options)


def two_clones(coefficients=(0.6, -0.8)) -> ConservationLaw:
    """Clones 40 apart that move by 1.5 and -2, of masses exp(a (cos(pi t) - 1)) / 2: a for each."""
    clones = [moving_logistic([at], [way], [0.0], [0.2]) for at, way in ((-20, 1.5), (20, -2.0))]
    density = Mixture(clones, growth_modes=1)
    coefficients = jnp.asarray(coefficients)[:, None]
    density = eqx.tree_at(lambda m: m.growth_coefficients, density, coefficients)
    return ConservationLaw(density, MixtureFlux(FactorizedFlux()))


def points(density: AbstractDensity, count: int, seed: int = 0, condition=None):
    """Uniform times, and a draw from the density at each."""
    time_key, key = jax.random.split(jax.random.key(seed))
    t = jax.random.uniform(time_key, (count,))
    keys = jax.random.split(key, count)
    x = over_points(lambda d, t, k: d.sample(k, t, condition), density, t, keys)
    return t, jnp.asarray(x)


def assert_conserved(law: ConservationLaw, t, x) -> None:
    """Both equations hold at these points to 1e-10, and something moves there."""

    def residuals(law, t, x):
        change = jax.grad(lambda t: jnp.exp(law.log_prob(t, x)))(t)
        return change, continuity_residual(law, t, x), fokker_planck_residual(law, t, x)

    change, continuity, fokker_planck = over_points(residuals, law, t, x)
    assert np.median(np.abs(change)) > 1e-7
    np.testing.assert_array_less(np.abs(continuity), 1e-10)
    np.testing.assert_array_less(np.abs(fokker_planck), 1e-10)


def to_float32(tree):
    """Every float array in single precision."""
    return jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, tree)
