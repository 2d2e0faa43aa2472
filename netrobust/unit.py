"""One unit of a sweep: one network, one null model, one perturbation.

Its random streams are keyed by what it is, never by when or where it runs.
"""

from dataclasses import astuple
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from igraph import Graph

from netrobust.export import to_graph, to_model
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import moved, randomise
from netrobust.graphs.percolation import ALONG, along, nested
from netrobust.graphs.perturb import (
    Damage,
    Links,
    Removal,
    apply,
    removed_fraction,
)
from netrobust.neural.data import Dataset
from netrobust.neural.model import SparseMLP
from netrobust.neural.network import Network
from netrobust.plan import VALUES, Plan, name_of
from netrobust.results.stats import KEYS
from netrobust.scoring import score
from netrobust.streams import stream


def run_unit(
    network: Network, data: Dataset, plan: Plan, null_model: Any, perturbation: Any
) -> pd.DataFrame:
    """Score one network under one null model and perturbation: visible loops."""
    rows: list[dict[str, Any]] = []
    names = {"null_model": name_of(null_model), "perturbation": name_of(perturbation)}
    intact = to_graph(network.model)
    seen: dict[bytes, dict[str, float]] = {}
    for replicate in range(plan.replicates):
        key = (network.name, names["null_model"], replicate)
        model, graph = network.model, intact
        if names["null_model"] != "none":
            rng = stream(plan.seed, "null model", *key)
            drawn = randomise(intact, null_model, rng)
            model = to_model(drawn, like=network.model)
            graph = to_graph(model)  # in the order in which scores count links
            seen = {}
        shift = moved(intact, graph) if graph is not intact else 0.0
        links = Links.of(graph)
        damages = _damages(plan, perturbation, graph, links, key)
        structure = _structure(graph, links, damages, plan.measures)
        for place, (fraction, damage) in enumerate(
            zip(plan.fractions, damages, strict=True)
        ):
            rows.append(
                {
                    **network.labels,
                    "dataset": data.name,
                    **names,
                    "scope": plan.scope,
                    "fraction": fraction,
                    "replicate": replicate,
                    "draw_seed": plan.seed,
                    "images": len(data.y_test[: plan.images]),
                    "removed": removed_fraction(links, damage, plan.scope),
                    **_scored(model, data, damage, plan.images, seen),
                    "moved": shift,
                    **{name: values[place] for name, values in structure.items()},
                }
            )
    measures = [name_of(measure) for measure in plan.measures]
    return pd.DataFrame(rows)[[*KEYS, *VALUES, *measures]]


def _damages(
    plan: Plan, perturbation: Any, graph: Graph, links: Links, key: tuple[Any, ...]
) -> list[Damage]:
    """Damage at every fraction; the fraction is not in the key of the stream."""

    def rng() -> np.random.Generator:
        return stream(plan.seed, *key, name_of(perturbation), plan.scope)

    if isinstance(perturbation, Removal):
        return perturbation.curve(links, rng(), plan.fractions, plan.scope)
    where = {} if plan.scope == "per_layer" else {"scope": plan.scope}
    return [perturbation(graph, rng(), share, **where) for share in plan.fractions]


def _structure(
    graph: Graph, links: Links, damages: list[Damage], measures: tuple[Any, ...]
) -> dict[str, list[float]]:
    """Measure the graph at every damage: in one pass where that is exact and possible.

    The damage of a removal is nested; a user's own need not be. Then, and for all other
    measures, each damaged graph is built in igraph.
    """
    known = {name for name in ALONG if MEASURES[name] in measures}
    fast = known if nested(damages) else set()
    found = along(links, damages, sorted(fast)) if fast else {}
    rest = [measure for measure in measures if name_of(measure) not in fast]
    built = [apply(graph, damage) for damage in damages] if rest else []
    return {
        name_of(measure): found[name_of(measure)].tolist()
        if name_of(measure) in fast
        else [float(measure(left)) for left in built]
        for measure in measures
    }


def _scored(
    model: SparseMLP,
    data: Dataset,
    damage: Damage,
    images: int | None,
    seen: dict[bytes, dict[str, float]],
) -> dict[str, float]:
    """Score a damaged network; the same damage is not scored twice."""
    digest = blake2b(digest_size=16)
    for array in astuple(damage):
        digest.update(b"none" if array is None else array.tobytes())
    if digest.digest() not in seen:
        seen[digest.digest()] = score(model, data, damage, images)
    return seen[digest.digest()]
