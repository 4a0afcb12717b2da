"""OT-CFM of torchcfm on snapshots: pairs of each step coupled anew, all intervals in every batch. Wants the extra `peers`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conservax.check import Population, TransportMethod
from conservax.data import Table, by_time

INSTALL = "pip install torch==2.13.0 torchcfm==1.0.7 (the extra `peers`)"
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class FlowMatching:
    """Settings of OT-CFM: width of its network, noise on the segments, steps, and pairs per interval and step.

    The examples of torchcfm take more steps at a tenth of the learning rate.
    """

    width: int = 64
    sigma: float = 0.1
    steps: int = 3000
    batch_size: int = 128
    learning_rate: float = 1e-3


def fit_flow_matching(
    table: Table, settings: FlowMatching, *, seed: int
) -> tuple[Population, float]:
    """The population of a trained flow, and seconds of training.

    In every step a minibatch of each interval between neighbouring snapshots is coupled by exact optimal
    transport; the time of snapshot k is k, whatever its unit.

    **Raises:** `ModuleNotFoundError` without torchcfm.
    """
    import torch
    from torchcfm.conditional_flow_matching import ExactOptimalTransportConditionalFlowMatcher
    from torchcfm.models.models import MLP

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (torchcfm draws its pairs from it)
    cells = {t: torch.tensor(x, dtype=torch.float32) for t, x in by_time(table).items()}
    times, began = sorted(cells), time.perf_counter()
    network = MLP(dim=table.dim, w=settings.width, time_varying=True)
    optimiser = torch.optim.Adam(network.parameters(), settings.learning_rate)
    matcher = ExactOptimalTransportConditionalFlowMatcher(sigma=settings.sigma)
    for _ in range(settings.steps):
        parts = []
        for k in range(len(times) - 1):
            pair = [
                x[torch.randint(len(x), (settings.batch_size,))]
                for x in (cells[times[k]], cells[times[k + 1]])
            ]
            t, x, u = matcher.sample_location_and_conditional_flow(*pair)
            parts.append((t + k, x, u))
        t, x, u = (torch.cat(part) for part in zip(*parts, strict=True))
        optimiser.zero_grad()
        loss = torch.mean((network(torch.cat([x, t[:, None]], dim=-1)) - u) ** 2)
        loss.backward()
        optimiser.step()
    seconds = time.perf_counter() - began

    def transport(x: np.ndarray, start: float, end: float, seed: int) -> np.ndarray:
        del seed
        return _solved(network, x, np.interp([start, end], times, np.arange(len(times))))

    return Population(None, {"ODE": TransportMethod(transport)}), seconds


def _solved(network, x: np.ndarray, steps: Sequence[float]) -> np.ndarray:
    """Cells transported along the flow by dopri5."""
    import torch
    from torchdiffeq import odeint

    def velocity(t, x):
        return network(torch.cat([x, t.expand(len(x), 1)], dim=-1))

    with torch.no_grad():
        found = odeint(
            velocity,
            torch.tensor(x, dtype=torch.float32),
            torch.tensor(steps, dtype=torch.float32),
            rtol=_TOLERANCE,
            atol=_TOLERANCE,
            method="dopri5",
        )
    return found[-1].double().numpy()
