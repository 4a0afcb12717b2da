"""Models by name."""

from typing import Any

from conservax.data import DataError
from conservax.models._autoregressive import Autoregressive
from conservax.models._base import AbstractModelSpec, kind_of
from conservax.models._factorized import Factorized
from conservax.models._kernel_mixture import KernelMixture
from conservax.models._trajectories import Trajectories

MODELS: dict[str, type[AbstractModelSpec]] = {
    spec.name: spec for spec in (Autoregressive, Factorized, KernelMixture, Trajectories)
}


def model_spec(model: Any) -> AbstractModelSpec:
    """The settings of a model, or the usual ones of a model with this name.

    **Raises:** `DataError` for another name; `TypeError` for what is not a model.
    """
    if isinstance(model, AbstractModelSpec):
        return model
    if isinstance(model, str):
        if model not in MODELS:
            raise DataError(f"expected a model of {list(MODELS)}; got {model!r}.")
        return MODELS[model]()
    raise TypeError(
        "expected a model of conservax.models, such as KernelMixture(components=64), or its name; "
        f"got {kind_of(model)}."
    )
