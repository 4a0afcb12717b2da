"""Workaround for a fault of the compiler for CPUs, applied when this is imported.

jaxlib 0.10.2 compiles sums of products with a compiler of small kernels, which silently gives wrong
numbers as soon as there are a few hundred rows
(github.com/jax-ml/jax/issues/39103; 0.11.0 can crash there, issues/39257). Without those kernels
it is right, and as fast to a few per cent.
"""

import os
import sys
import warnings
from importlib.metadata import version

FAULTY = ("0.10.2", "0.11.0")
OPTION = "--xla_cpu_experimental_ynn_fusion_type"


def avoid_faulty_kernels() -> None:
    """Add the option to `XLA_FLAGS`, unless it is there already or this jaxlib needs none.

    **Warns:** `RuntimeWarning` if JAX has begun to compile: it reads its flags once.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if version("jaxlib") not in FAULTY or OPTION in flags:
        return
    os.environ["XLA_FLAGS"] = f"{flags} {OPTION}=".strip()
    if "jax" not in sys.modules:
        return
    from jax._src import xla_bridge  # not in the public interface

    if xla_bridge.backends_are_initialized():
        warnings.warn(
            f"jaxlib {version('jaxlib')} can give wrong numbers on CPUs, and was used before conservax "
            f"could prevent it. Import conservax first, or set XLA_FLAGS={OPTION}= .",
            RuntimeWarning,
            stacklevel=2,
        )


avoid_faulty_kernels()
