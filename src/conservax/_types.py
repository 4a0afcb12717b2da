"""Array types shared by the package. Batch axes are the caller's `vmap`."""

from typing import Any

from jaxtyping import Array, Float, Key

PRNGKey = Key[Array, ""]
Scalar = Float[Array, ""]
Time = Float[Array, ""]
Point = Float[Array, " dim"]
Vector = Float[Array, " dim"]
Condition = Float[Array, " condition_dim"] | None
PyTree = Any
