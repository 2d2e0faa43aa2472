"""One unit of a sweep: one network, one null model, one perturbation.

Its random streams are keyed by what it is, never by when or where it runs.
"""

from dataclasses import astuple, dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from igraph import Graph

from netrobust.export import to_graph, to_model
from netrobust.graphs.null import moved, randomise
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
from netrobust.results.stats import KEYS
from netrobust.scoring import score
from netrobust.streams import stream

#: Columns between the keys and the measures.
VALUES = ("removed", "accuracy", "loss", "moved")


@dataclass(frozen=True)
class Plan:
    """What is done to every network; travels to the worker processes."""

    null_models: tuple[Any, ...]
    perturbations: tuple[Any, ...]
    measures: tuple[Any, ...]
    fractions: tuple[float, ...]
    replicates: int
    scope: str
    seed: int
    images: int | None


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
        for fraction, damage in zip(plan.fractions, damages, strict=True):
            rows.append(
                {
                    **network.labels,
                    **names,
                    "scope": plan.scope,
                    "fraction": fraction,
                    "removed": removed_fraction(links, damage, plan.scope),
                    "replicate": replicate,
                    "draw_seed": plan.seed,
                    **_values(model, graph, data, plan, damage, seen),
                    "moved": shift,
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


def _values(
    model: SparseMLP,
    graph: Graph,
    data: Dataset,
    plan: Plan,
    damage: Damage,
    seen: dict[bytes, dict[str, float]],
) -> dict[str, float]:
    """Score and measure a damaged network; the same damage is not scored twice."""
    digest = blake2b(digest_size=16)
    for array in astuple(damage):
        digest.update(b"none" if array is None else array.tobytes())
    if digest.digest() not in seen:
        values = score(model, data, damage, plan.images)
        if plan.measures:
            left = apply(graph, damage)
            for measure in plan.measures:
                values[name_of(measure)] = float(measure(left))
        seen[digest.digest()] = values
    return seen[digest.digest()]


def name_of(member: Any) -> str:
    """Give the name a member of a family, or a user's own function, has in tables."""
    return str(member.__name__)
