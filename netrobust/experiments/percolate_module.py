"""Damage curves of a module that netrobust never trained, scored by its user."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from hashlib import blake2b
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from igraph import Graph
from torch import Tensor, uint8
from torch.nn import Module

from netrobust.convert.layer_stack import Joint
from netrobust.convert.module_graphs import reached_share, read_joint, warn_unreached
from netrobust.core.random_streams import stream
from netrobust.core.settings import MOST_SEED, label, whole
from netrobust.experiments.columns import MODULE
from netrobust.experiments.damage_curve import damage_stream
from netrobust.experiments.module_checks import (
    check_null_model,
    defined_measures,
    for_module,
)
from netrobust.experiments.module_scores import Evaluate, Scores
from netrobust.experiments.plan import GRID, Names, make_plan, name_of, numbers_of
from netrobust.experiments.sweep import Score, Sweep, Unit
from netrobust.graphs.damage import Damage, removed_fraction
from netrobust.graphs.measure.curve import measured
from netrobust.graphs.null import moved, randomised
from netrobust.parallel.gather import Parts, Tick
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
    example: Any = None,
    order: Sequence[str] | None = None,
    masks: Mapping[str, Any] | None = None,
    links: str = "slices",
    name: str | None = None,
    dataset: str = "",
    sparsifier: str = "",
    network_seed: int = 0,
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Damage the layers of a module step by step, and let its user score what is left.

    Parameters
    ----------
    module : torch.nn.Module
        Its layers are damaged, see `to_layers`. It stays as it is; every damaged
        network is a copy, in the same mode, of which normalisation and dropout are as
        they were.
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
        NaN, which a warning says, and others are the mean over the layers that have a
        value, but for ``links``, which is the sum. If not given, the giant component
        where there is a stack, and nothing elsewhere.
    scope : str
        ``per_layer``, ``global``, or one layer by its name in the module. A module has
        no head apart.
    layers : sequence of str, optional
        Names of the layers that are damaged; the others stay intact.
    example, order, masks, links
        As for `to_layers`: an input of the module, or the names of its layers in the
        order of their use, tell which layer feeds which; without them, and where layers
        branch, perturbations that need a stack are refused.
    name : str, optional
        Of the network, in the table and in the random draws; that of its class if not
        given.
    dataset, sparsifier : str
        What the table says of them.
    network_seed : int
        What tells networks of one kind apart, the unit of all statistics.
    jobs, parts, tick, executor, progress
        As for `percolate`. With `parts`, the state of the module, the settings and the
        name of `evaluate` say what is done already.

    Returns
    -------
    DataFrame
        One row per scored network, with the keys of `percolate`, then options of the
        perturbations that are numbers, ``removed``, ``reached`` (the share of all
        weights of the module that the layers hold), what `evaluate` gave, ``moved`` and
        the measures. ``width`` is the largest number of neurons that a layer but the
        last ends with, and ``sparsity`` is that of the layers in reach.

    Warns
    -----
    UserWarning
        Weights of the module lie in no layer, and none were chosen; or a measure needs
        a stack, and there is none.

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
    intact = read_joint(
        module, layers, example=example, order=order, masks=masks, links=links
    )
    if layers is None and order is None:
        warn_unreached(module)
    if measures is None:
        measures = ("giant_component",) if intact.chained else ()
    plan = make_plan(
        MODULE, perturbations=perturbations, fractions=fractions, scope=scope,
        replicates=replicates, measures=measures, null_models=null_models, seed=seed,
    )  # fmt: skip
    defined = defined_measures(plan.measures, intact)
    for null_model in plan.null_models:
        check_null_model(null_model, intact)
    acting = tuple(for_module(one, intact, scope) for one in plan.perturbations)
    labels = {
        "network": type(module).__name__ if name is None else label("name", name),
        "dataset": label("dataset", dataset) if dataset != "" else "",
        "sparsifier": label("sparsifier", sparsifier) if sparsifier != "" else "",
        **_sizes(intact),
        "network_seed": whole("network_seed", network_seed, 0, MOST_SEED),
        "reached": round(reached_share(module, layers if order is None else order), 6),
    }
    options = [key for one in acting for key in numbers_of(one)]
    facts = ("removed", "reached", "moved")
    taken = (*KEYS, *options, *facts, *map(name_of, plan.measures))
    scores = Scores(module, evaluate, taken)
    plan = replace(plan, perturbations=acting)
    sweep = ModulePercolation(plan, (), None, intact, labels, scores, defined)
    return sweep.run(jobs, parts, tick, executor, progress)


@dataclass(frozen=True)
class ModulePercolation(Sweep):
    """A sweep whose units are one null model and perturbation of a module each."""

    columns = MODULE

    intact: Joint
    about: dict[str, Any]  # the keys of the network
    scores: Scores
    defined: tuple[Any, ...]  # measures that have a value

    def units(self) -> Iterable[Unit]:
        """Give places of null model and perturbation."""
        return product(
            range(len(self.plan.null_models)), range(len(self.plan.perturbations))
        )

    def key(self, unit: Unit) -> str:
        """Name a unit by the module and all settings that its rows depend on."""
        asked = name_of(self.null_model(unit)), name_of(self.perturbation(unit))
        plan = self.plan
        settings = (
            *asked, plan.fractions, plan.replicates, plan.scope, plan.seed,
            [name_of(one) for one in plan.measures], sorted(self.about.items()),
        )  # fmt: skip
        digest = blake2b(repr(settings).encode(), digest_size=8, key=self._held)
        return "-".join([str(self.about["network"]), *asked, digest.hexdigest()])

    @cached_property
    def _held(self) -> bytes:
        """Tell apart modules, layers of theirs, and functions that score them."""
        digest = blake2b(digest_size=16)
        for name, value in self.scores.module.state_dict().items():
            digest.update(name.encode())
            if isinstance(value, Tensor):
                flat = value.detach().cpu().contiguous().reshape(-1).view(uint8)
                digest.update(flat.numpy().tobytes())
        told = [(one.name, one.kernel, len(one.weight)) for one in self.intact.layers]
        scored = self.scores.evaluate
        evaluate = getattr(scored, "key", getattr(scored, "__qualname__", ""))
        digest.update(repr((told, self.intact.gaps, evaluate)).encode())
        return digest.digest()

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
                subject.links, curve, self.defined, partial(_left, subject)
            )
            unknown = {name_of(one): np.nan for one in plan.measures}
            for place, damage in enumerate(curve):
                facts = {
                    "removed": removed_fraction(subject.links, damage, where),
                    "moved": shift,
                }
                scores = self.scores.of(subject, damage, key)
                known = {name: values[place] for name, values in structure.items()}
                measures = unknown | known
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
    for layer, depth in zip(intact.layers, intact.starts, strict=True):
        before = layer.links(depth)
        null = randomised(before, null_model, rng)
        drawn.append(layer.placed(null.source, null.target - layer.n_in, null.weight))
        if len(null.weight):
            shifts.append(moved(before, null))
            counts.append(len(null.weight))
    share = np.average(shifts, weights=counts) if counts else np.nan
    return intact.of(drawn), float(share)


def _left(subject: Joint, damage: Damage) -> list[Graph]:
    """Build what a damage leaves: the stack, or every layer where there is none."""
    left = subject.left(damage)
    return [left.stack()] if subject.chained else left.graphs()
