"""Networks and graphs beside draws of their null models, undamaged."""

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Unpack, cast

import pandas as pd
from igraph import Graph

from netrobust.core.errors import InputError
from netrobust.data.dataset import Dataset
from netrobust.experiments.options import Options, takes_options
from netrobust.experiments.percolate import Percolation
from netrobust.experiments.percolate_graph import compare_graphs, graphs_of, refuse
from netrobust.experiments.plan import Names, name_of, several
from netrobust.graphs.null import NULL_MODELS
from netrobust.neural.network import Network
from netrobust.parallel.gather import Parts, Tick
from netrobust.parallel.partial_failure import Failures


@takes_options
def compare(
    networks: Network | Sequence[Network] | Graph | Sequence[Graph],
    data: Dataset | None = None,
    null_models: Names = ("shuffle_all", "shuffle_by_sign", "degree_preserving"),
    replicates: int = 20,
    measures: Names = ("giant_component",),
    seed: int = 0,
    images: int | None = None,
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    *,
    executor: Executor | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> pd.DataFrame:
    """Score networks beside their null models, undamaged.

    This is `percolate` at fraction 0; the networks themselves come first, as the null
    model ``none``.

    Parameters
    ----------
    networks : Network, igraph.Graph, or a sequence of one kind
    data : Dataset
        None for plain graphs, of which the structure is measured alone.
    null_models : str, callable, or a sequence of them
        Names in `NULL_MODELS`, or your own functions.
    replicates : int
        Draws of every null model.
    measures, seed, images, jobs, parts, tick, executor, progress
        As for `percolate`.
    **options

    Returns
    -------
    DataFrame
        The rows of `percolate`, with perturbation ``none``.

    Raises
    ------
    InputError
        A name is unknown or a number out of its range.

    Examples
    --------
    Where a bipartite graph stands among random ones with the same degrees:

    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.stats.null_tests import against_null
    >>> graph = from_links([3, 3], [0, 0, 1, 1, 2], [3, 4, 3, 4, 5], [1] * 5)
    >>> table = compare(graph, null_models="degree_preserving", replicates=19,
    ...                 measures="clustering")
    >>> against_null(table, "clustering").draws.tolist()
    [19]
    """
    if graphs := graphs_of(networks):
        refuse(data=data, images=images, **options)
        return compare_graphs(
            graphs, null_models, replicates, measures=measures, seed=seed, jobs=jobs,
            parts=parts, tick=tick, executor=executor, progress=progress,
        )  # fmt: skip
    if data is None:
        raise InputError("no data came; give the Dataset whose test images are scored")
    nets = several(cast(Network | Sequence[Network], networks))
    chosen = NULL_MODELS.members(null_models)
    planned = partial(
        Percolation.undamaged, nets, data, measures=measures, seed=seed,
        images=images, jobs=jobs, options=options,
    )  # fmt: skip
    itself = planned(null_models="none", replicates=1)
    tables, failures = [], Failures()
    if drawn := [one for one in chosen if name_of(one) != "none"]:
        others = planned(null_models=drawn, replicates=replicates)
        with failures.collected():
            tables = [others.run(jobs, parts, tick, executor, progress)]
    with failures.collected():
        tables.insert(0, itself.run(jobs, parts, tick, executor, progress))
    failures.check()
    return pd.concat(tables, ignore_index=True).assign(perturbation="none")
