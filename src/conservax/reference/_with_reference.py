"""A law and a reference that are trained together."""

from typing import Any

import equinox as eqx

from conservax.reference._base import AbstractReference


class WithReference(eqx.Module):
    """A law and its reference, trained together; `ReferenceEnergy` sees both, other terms the law.

    **Arguments:**

    - `law`: a `ConservationLaw`, with diffusion.
    - `reference`: the drift that the drift of the law is held to. Its array leaves are parameters.
    """

    law: Any
    reference: AbstractReference
