"""Damage curves of a module that netrobust never trained, scored by its user."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from igraph import Graph
from torch.nn import Module

from netrobust.convert.layer_stack import Joint
from netrobust.convert.torch_modules import read_module
from netrobust.core.random_streams import stream
from netrobust.core.settings import whole
from netrobust.experiments.columns import MODULE
from netrobust.experiments.damage_curve import damage_stream
from netrobust.experiments.module_checks import (
    check_measures,
    check_null_model,
    for_module,
)
from netrobust.experiments.module_scores import Evaluate, Scores
from netrobust.experiments.plan import GRID, Names, make_plan, name_of, numbers_of
from netrobust.experiments.sweep import Score, Sweep, Unit
from netrobust.graphs.damage import Damage, removed_fraction
from netrobust.graphs.graph import links
from netrobust.graphs.measure.curve import measured
from netrobust.graphs.null import moved, randomise
from netrobust.stats.columns import KEYS


def percolate_module(
    module: Module,
    evaluate: Evaluate,
    perturbations: Names = ("random_links",),
    fractions: Sequence[float] = GRID,
    replicates: int = 10,
    measures: Names | None = None,
    null_models: Names = ("none",),
    scope: str = "per_layer",
    seed: int = 0,
    layers: Sequence[str] | None = None,
    *,
    name: str | None = None,
    dataset: str = "",
    sparsifier: str = "",
    network_seed: int = 0,
) -> pd.DataFrame:
    """Damage the layers of a module step by step, and let its user score what is left.

    Parameters
    ----------
    module : torch.nn.Module
        Its linear layers and convolutions are damaged, see `to_layers`. It stays as it
        is; every damaged network is a copy, in the same mode, of which normalisation
        and dropout are as they were.
    evaluate : callable
        ``(module) -> dict`` of numbers, such as ``{"accuracy": 0.9, "loss": 0.3}``,
        with the same names every time. It may do what it likes with its module.
    perturbations, null_models : str, callable, or a sequence of them
        As for `percolate`, but for what asks training images. A kernel slice has no
        sign and moves, fades and goes as one, so what needs signs, or changes numbers
        one by one, is refused where convolutions are in reach. Neurons can go between
        two layers, with all links that touch them, if the layers chain.
    fractions, replicates, seed
        As for `percolate`.
    measures : str, callable, or a sequence of them, optional
        Of the damaged graph. If the layers do not chain, those of a whole network are
        refused, and others are the mean over the layers that have a value, but for
        ``links``, which is the sum. If not given, the giant component where there is a
        stack, and nothing elsewhere.
    scope : str
        ``per_layer``, ``global``, or one layer such as ``layer_2``, in the order of
        ``module.named_modules()``. A module has no head apart.
    layers : sequence of str, optional
        Names of the layers that are damaged; the others stay intact.
    name : str, optional
        Of the network, in the table and in the random draws; that of its class if not
        given.
    dataset, sparsifier : str
        What the table says of them.
    network_seed : int
        What tells networks of one kind apart, the unit of all statistics.

    Returns
    -------
    DataFrame
        One row per scored network, with the keys of `percolate`, then options of the
        perturbations that are numbers, ``removed``, what `evaluate` gave, ``moved`` and
        the measures. ``width`` is the largest number of neurons that a layer but the
        last ends with.

    Raises
    ------
    InputError
        Something is unknown or has no meaning for the module, or `evaluate` gives no
        numbers.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> def evaluate(module):
    ...     return {"output": float(module(torch.ones(1, 4)).detach().abs().sum())}
    >>> table = percolate_module(module, evaluate, fractions=[0, 0.5, 1], replicates=2)
    >>> table.fraction.tolist(), table.removed.tolist() == table.fraction.tolist()
    ([0.0, 0.5, 1.0, 0.0, 0.5, 1.0], True)
    """
    intact = Joint(read_module(module, layers))
    if measures is None:
        measures = ("giant_component",) if intact.chained else ()
    plan = make_plan(
        MODULE, perturbations=perturbations, fractions=fractions, scope=scope,
        replicates=replicates, measures=measures, null_models=null_models, seed=seed,
    )  # fmt: skip
    check_measures(plan.measures, intact)
    for null_model in plan.null_models:
        check_null_model(null_model, intact)
    acting = tuple(for_module(one, intact, scope) for one in plan.perturbations)
    labels = {
        "network": type(module).__name__ if name is None else name,
        "dataset": dataset,
        "sparsifier": sparsifier,
        **_sizes(intact),
        "network_seed": whole("network_seed", network_seed, 0),
    }
    options = [key for one in acting for key in numbers_of(one)]
    taken = (*KEYS, *options, "removed", "moved", *map(name_of, plan.measures))
    scores = Scores(module, evaluate, taken)
    plan = replace(plan, perturbations=acting)
    return ModulePercolation(plan, (), None, intact, labels, scores).run()


@dataclass(frozen=True)
class ModulePercolation(Sweep):
    """A sweep whose units are one null model and perturbation of a module each."""

    columns = MODULE

    intact: Joint
    about: dict[str, Any]  # the keys of the network
    scores: Scores

    def units(self) -> Iterable[Unit]:
        """Give places of null model and perturbation."""
        return product(
            range(len(self.plan.null_models)), range(len(self.plan.perturbations))
        )

    def key(self, unit: Unit) -> str:
        """Name a unit; nothing is kept of it."""
        return str(unit)

    def labels(self, unit: Unit) -> dict[str, Any]:
        """Give the keys of the module."""
        return self.about

    def null_model(self, unit: Unit) -> Any:
        """Give what the layers are drawn from."""
        return self.plan.null_models[unit[0]]

    def perturbation(self, unit: Unit) -> Any:
        """Give what damages them."""
        return self.plan.perturbations[unit[1]]

    def scored(self, unit: Unit) -> Iterator[Score]:
        """Let the user score a module under one null model and perturbation."""
        plan, perturbation = self.plan, self.perturbation(unit)
        null_model, where = self.null_model(unit), self.intact.scope(plan.scope)
        for replicate in range(plan.replicates):
            key = (self.about["network"], name_of(null_model), replicate)
            rng = stream(plan.seed, "null model", *key)
            subject, shift = _drawn(self.intact, null_model, rng)
            rng = damage_stream(plan.seed, *key, name_of(perturbation), plan.scope)
            curve = perturbation.curve(subject.links, rng, plan.fractions, where)
            structure = measured(
                subject.links, curve, plan.measures, partial(_left, subject)
            )
            for place, damage in enumerate(curve):
                facts = {
                    "removed": removed_fraction(subject.links, damage, where),
                    "moved": shift,
                }
                scores = self.scores.of(subject, damage, key)
                measures = {name: values[place] for name, values in structure.items()}
                yield Score(plan.fractions[place], replicate, scores, facts, measures)


def _sizes(joint: Joint) -> dict[str, Any]:
    """Say how wide a module is and how sparse: the keys of `Network.labels`."""
    inner = joint.layers[:-1] or joint.layers
    held = sum(len(one.weight) for one in joint.layers)
    places = sum(one.places for one in joint.layers)
    return {
        "width": max(one.n_out for one in inner),
        "sparsity": round(1 - held / places, 6),
    }


def _drawn(
    intact: Joint, null_model: Any, rng: np.random.Generator
) -> tuple[Joint, float]:
    """Draw every layer from a null model; say which share of the links has moved."""
    if name_of(null_model) == "none":
        return intact, 0.0
    drawn, shifts, counts = [], [], []
    for layer, graph in zip(intact.layers, intact.graphs(), strict=True):
        null = randomise(graph, null_model, rng)
        source, target, weight = links(null)
        drawn.append(layer.placed(source, target - layer.n_in, weight))
        if len(weight):
            shifts.append(moved(graph, null))
            counts.append(len(weight))
    share = np.average(shifts, weights=counts) if counts else np.nan
    return Joint(drawn), float(share)


def _left(subject: Joint, damage: Damage) -> list[Graph]:
    """Build what a damage leaves: the stack, or every layer where there is none."""
    left = subject.left(damage)
    return [left.stack()] if subject.chained else left.graphs()
