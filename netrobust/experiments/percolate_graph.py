"""Damage curves and null models of plain graphs: structure alone, nothing is scored."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise, product
from typing import Any, Self

import numpy as np
import pandas as pd
from igraph import Graph

from netrobust.core.errors import InputError
from netrobust.core.own_functions import is_own
from netrobust.core.random_streams import stream
from netrobust.experiments.columns import GRAPH
from netrobust.experiments.damage_curve import damage_stream
from netrobust.experiments.plan import make_plan, name_of
from netrobust.experiments.sweep import Score, Sweep, Unit
from netrobust.graphs.contract import check
from netrobust.graphs.damage import Damage, Links, apply, removed_fraction
from netrobust.graphs.measure.curve import measured
from netrobust.graphs.null import moved, randomise, scope_of
from netrobust.graphs.perturb import NeuronRemoval
from netrobust.graphs.perturb.scopes import asks_data, graph_scope, reaches_head
from netrobust.graphs.requirements import check_weights

_SIDES = {"sources": "pixels", "targets": "neurons"}


def graphs_of(subject: Any) -> list[Graph]:
    """Give one or several graphs as a list, which is empty if they are no graphs.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([1, 1], [0], [1], [0.5])
    >>> len(graphs_of(graph)), len(graphs_of([graph, graph])), graphs_of("a")
    (1, 2, [])
    """
    several = [subject] if isinstance(subject, Graph) else subject
    if not isinstance(several, list | tuple):
        return []
    found = [one for one in several if isinstance(one, Graph)]
    if found and len(found) < len(several):
        raise InputError("graphs and networks cannot be mixed; ask for each kind alone")
    return found


def refuse(**given: Any) -> None:
    """Refuse what has no meaning for a graph that computes nothing.

    Raises
    ------
    InputError

    Examples
    --------
    >>> refuse(data=None, evaluate=None)
    """
    for name, value in given.items():
        if value is not None and value is not False and value != "slices":
            raise InputError(
                f"a graph computes nothing that could be scored; leave {name} out, or "
                "give the network itself"
            )


@dataclass(frozen=True)
class GraphPercolation(Sweep):
    """A sweep whose units are one graph, null model and perturbation each."""

    columns = GRAPH

    graphs: tuple[Graph, ...] = ()

    @classmethod
    def planned(
        cls, graphs: Sequence[Graph], perturbations: Any, **settings: Any
    ) -> Self:
        """Check everything before anything is done; the settings are `percolate`'s."""
        layer = all(len(Links.of(check(one)).sizes) == 2 for one in graphs)
        named = [perturbations] if isinstance(perturbations, str) else perturbations
        several = [named] if callable(named) else list(named)
        plan = make_plan(
            GRAPH, perturbations=[_translated(one) for one in several], **settings
        )
        acting = tuple(_called(one, layer) for one in plan.perturbations)
        for one in acting:
            if asks_data(one):
                raise InputError(
                    f"{name_of(one)} asks training images, which only networks of "
                    "netrobust are shown; choose one that reads the graph alone"
                )
        if any(reaches_head(scope_of(one)) for one in plan.null_models):
            raise InputError("a graph has no head apart; leave that scope out")
        sweep = cls(replace(plan, perturbations=acting), (), None, tuple(graphs))
        for graph, name in zip(graphs, sweep.names, strict=True):
            links = Links.of(graph)
            for kind, members in {
                "perturbation": acting,
                "null model": plan.null_models,
                "measure": plan.measures,
            }.items():
                for member in members:
                    check_weights(kind, member, links.weight, name)
            for one in acting:  # refuses scopes that there are not
                one(links, np.random.default_rng(0), 0, plan.scope)
        return sweep

    @cached_property
    def names(self) -> list[str]:
        """Names of the graphs, in tables and in the random draws."""
        names = [
            str(one["name"])
            if "name" in one.attributes() and one["name"]
            else "graph" + (f" {k + 1}" if len(self.graphs) > 1 else "")
            for k, one in enumerate(self.graphs)
        ]
        if len({*names}) < len(names):
            raise InputError(
                f"graphs must have names that tell them apart; got {', '.join(names)}: "
                'set graph["name"]'
            )
        return names

    def units(self) -> Iterable[Unit]:
        """Give places of graph, null model and perturbation."""
        places = self.graphs, self.plan.null_models, self.plan.perturbations
        return product(*(range(len(one)) for one in places))

    def key(self, unit: Unit) -> str:
        """Name a unit by its graph and all settings that its rows depend on."""
        plan, links = self.plan, Links.of(self.graphs[unit[0]])
        asked = (
            self.names[unit[0]],
            name_of(self.null_model(unit)),
            name_of(self.perturbation(unit)),
        )
        settings = (
            *asked, plan.fractions, plan.replicates, plan.scope, plan.seed,
            [name_of(one) for one in plan.measures], links.sizes,
        )  # fmt: skip
        digest = blake2b(repr(settings).encode(), digest_size=8)
        for array in (links.source, links.target, links.weight, links.bias):
            digest.update(array.tobytes())
        return "-".join([*asked, digest.hexdigest()])

    def labels(self, unit: Unit) -> dict[str, Any]:
        """Give the keys of a graph, as networks have them."""
        sizes = Links.of(self.graphs[unit[0]]).sizes
        places = sum(a * b for a, b in pairwise(sizes))
        return {
            "network": self.names[unit[0]],
            "dataset": "",
            "sparsifier": "",
            "width": max(sizes[1:-1] or sizes[-1:]),
            "sparsity": round(1 - self.graphs[unit[0]].ecount() / places, 6),
            "network_seed": 0,
        }

    def null_model(self, unit: Unit) -> Any:
        """Give what the graph is drawn from."""
        return self.plan.null_models[unit[1]]

    def perturbation(self, unit: Unit) -> Any:
        """Give what damages it."""
        return self.plan.perturbations[unit[2]]

    def scored(self, unit: Unit) -> Iterator[Score]:
        """Measure one graph under one null model and perturbation."""
        intact, plan = self.graphs[unit[0]], self.plan
        perturbation, null_model = self.perturbation(unit), self.null_model(unit)
        where = graph_scope(plan.scope, len(Links.of(intact).sizes) - 1)
        for replicate in range(plan.replicates):
            key = (self.names[unit[0]], name_of(null_model), replicate)
            graph, shift = intact, 0.0
            if name_of(null_model) != "none":
                rng = stream(plan.seed, "null model", *key)
                graph = randomise(intact, null_model, rng)
                shift = moved(intact, graph)
            links = Links.of(graph)
            rng = damage_stream(plan.seed, *key, name_of(perturbation), plan.scope)
            curve = perturbation.curve(links, rng, plan.fractions, where)

            def left(damage: Damage, graph: Graph = graph) -> list[Graph]:
                return [apply(graph, damage)]

            structure = measured(links, curve, plan.measures, left)
            for place, damage in enumerate(curve):
                facts = {
                    "removed": removed_fraction(links, damage, where),
                    "moved": shift,
                }
                measures = {name: values[place] for name, values in structure.items()}
                yield Score(plan.fractions[place], replicate, {}, facts, measures)


def compare_graphs(
    graphs: Sequence[Graph], null_models: Any, replicates: int, **settings: Any
) -> pd.DataFrame:
    """Measure graphs beside draws of null models, as `compare` does networks.

    Parameters
    ----------
    graphs : sequence of igraph.Graph
    null_models, replicates
        As for `compare`.
    **settings
        ``measures`` and ``seed``, and what a sweep runs with.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1], [2, 3], [1, 2])
    >>> table = compare_graphs([graph], ["erdos_renyi"], 3, measures="links", seed=0)
    >>> table.null_model.tolist()
    ['none', 'erdos_renyi', 'erdos_renyi', 'erdos_renyi']
    """
    run = {name: settings.pop(name) for name in _RUN if name in settings}
    nothing = {"fractions": [0], "scope": "per_layer", **settings}
    itself = GraphPercolation.planned(
        graphs, "random_links", replicates=1, null_models="none", **nothing
    )
    drawn = GraphPercolation.planned(
        graphs, "random_links", replicates=replicates, null_models=null_models,
        **nothing,
    )  # fmt: skip
    others = tuple(one for one in drawn.plan.null_models if name_of(one) != "none")
    tables = [itself.run(**run)]
    if others:
        drawn = replace(drawn, plan=replace(drawn.plan, null_models=others))
        tables.append(drawn.run(**run))
    return pd.concat(tables, ignore_index=True).assign(perturbation="none")


_RUN = ("jobs", "parts", "tick", "executor", "progress")


def _translated(perturbation: Any) -> Any:
    """Give the name that a perturbation of sources or targets has in the registry."""
    if isinstance(perturbation, str) and not is_own(perturbation):
        for side, known in _SIDES.items():
            perturbation = perturbation.replace(side, known)
    return perturbation


def _called(perturbation: Any, layer: bool) -> Any:
    """Call what is removed of a graph sources, and of a single layer targets."""
    if not isinstance(perturbation, NeuronRemoval):
        return perturbation
    name = perturbation.called()
    for side, known in _SIDES.items():
        if known == "pixels" or layer:
            name = name.replace(known, side)
    return replace(perturbation, name=name)
