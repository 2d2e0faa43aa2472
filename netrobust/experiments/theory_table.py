"""What exact theory says of networks under random removal, beside what is measured.

A unit of work is one network, with all fractions.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial

import numpy as np
import pandas as pd

from netrobust.convert.network import to_graph
from netrobust.core.errors import InputError
from netrobust.data.dataset import Dataset
from netrobust.experiments.plan import check_grid, several, unit_key
from netrobust.experiments.score import check_fit
from netrobust.graphs import theory
from netrobust.graphs.damage import Links
from netrobust.neural.network import Network
from netrobust.neural.sensitivity import activations
from netrobust.parallel.gather import Parts, Tick, gather
from netrobust.parallel.progress_bar import bars, silent

#: Training images whose signals say how many links carry them.
_IMAGES = 200


def theory_table(
    networks: Network | Sequence[Network],
    data: Dataset,
    fractions: Sequence[float],
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    *,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Predict what random removal leaves of each network, with no network scored.

    Parameters
    ----------
    networks : Network or sequence of Network
    data : Dataset
        Its first 200 training images are the signals of ``predicted_f50``.
    fractions : sequence of float
        Shares of the links removed from every layer.
    jobs, parts, tick, executor, progress
        As for `percolate`.

    Returns
    -------
    DataFrame
        One row per network and fraction f, with p = 1 - f: ``giant_component`` by
        message passing on the network's own graph, ``reach`` from its degrees,
        ``paths``, the surviving share p^L of the input-to-output paths, and, the same
        in all rows of a network, ``threshold``, the fraction at which the giant
        component goes according to the non-backtracking matrix (a bound from above; 0
        where there is none to go),
        and ``predicted_f50``, where the noise of removal is as large as the signal.

    Raises
    ------
    InputError
        No network came, the data are of another kind than theirs, or the fractions do
        not rise within [0, 1].

    Examples
    --------
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.data.load import load
    >>> from netrobust.neural.train import train
    >>> data = load("mnist-5k")
    >>> network = train(data, TrainConfig(hidden=(50,), sparsity=0.9, epochs=1))
    >>> theory_table(network, data, [0, 0.5]).paths.tolist()
    [1.0, 0.5]
    """
    nets = several(networks)
    if not nets:
        raise InputError("no network came; give at least one")
    for network in nets:
        check_fit(network.model, data)
    grid, images = check_grid(fractions), data.x_train[:_IMAGES]
    units = {
        unit_key(f"theory-{network.name}", network, data, grid, _IMAGES): place
        for place, network in enumerate(nets)
    }
    with bars(False if tick else progress) as stages, silent():
        tables = gather(
            _predict, units, jobs, nets, images, grid, executor=executor, parts=parts,
            tick=tick or partial(stages, "theory"),
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _predict(
    place: int, networks: list[Network], images: np.ndarray, grid: tuple[float, ...]
) -> pd.DataFrame:
    network = networks[place]
    links = Links.of(to_graph(network.model))
    depths = np.array(links.sizes)
    k_eff = theory.effective_links(links, activations(network.model, images))
    whole = {
        "threshold": max(0.0, 1 - theory.nonbacktracking_threshold(links)),
        "predicted_f50": theory.predicted_f50(k_eff),
    }
    rows = []
    for fraction in grid:
        kept = 1 - fraction
        reached = theory.cm_reach(links, kept).functional[1:]
        rows.append(
            {
                **network.labels,
                "perturbation": "random_links",
                "fraction": fraction,
                "giant_component": theory.message_passing_giant(links, kept).mean(),
                "reach": np.average(reached, weights=depths[1:]),
                "paths": theory.path_fraction(kept, len(depths) - 1),
                **whole,
            }
        )
    return pd.DataFrame(rows)
