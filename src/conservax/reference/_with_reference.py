"""A law together with the reference that is trained along."""

from typing import Any

import equinox as eqx

from conservax.reference._base import AbstractReference


class WithReference(eqx.Module):
    """What is trained where there is a reference: both; `ReferenceEnergy` sees both, other terms the law.

    **Arguments:**

    - `law`: a `ConservationLaw`, with diffusion.
    - `reference`: the drift that the drift of the law is held to. Its array leaves are parameters.
    """

    law: Any
    reference: AbstractReference
