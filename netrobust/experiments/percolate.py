"""Networks to table: damage curves and null models, one row per scored network.

A unit of work is one network under one null model and one perturbation, with all
fractions and replicates. Its random streams are keyed by what it is, never by when or
where it runs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Self, Unpack, cast

import pandas as pd
from igraph import Graph

from netrobust.convert.network import model_from_links, to_links
from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.data.dataset import Dataset
from netrobust.experiments.columns import PERCOLATION
from netrobust.experiments.damage_curve import (
    TRAINING_IMAGES,
    damage_curve,
    damage_stream,
)
from netrobust.experiments.module_scores import Evaluate, OnImages
from netrobust.experiments.options import OPTIONS, Options, takes_options
from netrobust.experiments.percolate_graph import (
    GraphPercolation,
    graphs_of,
    refuse,
)
from netrobust.experiments.percolate_module import Module, percolate_module
from netrobust.experiments.plan import (
    GRID,
    Names,
    name_of,
    plan_networks,
    several,
)
from netrobust.experiments.retrain import retrained
from netrobust.experiments.score import scores
from netrobust.experiments.sweep import Score, Sweep, Unit
from netrobust.graphs.damage import Damage, Links, apply, removed_fraction
from netrobust.graphs.measure.curve import measured
from netrobust.graphs.null import moved, randomised, scope_of
from netrobust.graphs.perturb.scopes import graph_scope, reaches_head
from netrobust.neural.model import SparseMLP
from netrobust.neural.network import Network
from netrobust.parallel.gather import Parts, Tick


@takes_options
def percolate(
    networks: Network | Sequence[Network] | Module | Graph | Sequence[Graph],
    data: Dataset | None = None,
    perturbations: Names = ("random_links",),
    fractions: Sequence[float] = GRID,
    replicates: int = 10,
    measures: Names | None = None,
    null_models: Names = ("none",),
    scope: str = "per_layer",
    seed: int = 0,
    images: int | None = None,
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    *,
    evaluate: Evaluate | None = None,
    layers: Sequence[str] | None = None,
    example: Any = None,
    order: Sequence[str] | None = None,
    masks: Mapping[str, Any] | None = None,
    links: str = "slices",
    executor: Executor | None = None,
    progress: bool | None = None,
    training_images: int = TRAINING_IMAGES,
    **options: Unpack[Options],
) -> pd.DataFrame:
    """Damage networks step by step and score what is left: damage curves.

    Parameters
    ----------
    networks : Network, torch.nn.Module, igraph.Graph, or a sequence
        A module that was trained elsewhere needs `evaluate`, or `data`. Of plain
        graphs, one or several, the structure is measured alone; in their depth 0
        perturbations of
        pixels are called those of sources, as ``random_sources``, and in a single layer
        those of neurons are ``random_targets``.
    data : Dataset
        Its test images are scored. A module may take it instead of `evaluate` if it
        gives a number for each class to rows of pixels; `details` and `images` have
        their meaning then.
    perturbations, measures, null_models : str, callable, or a sequence of them
        Names in `PERTURBATIONS`, `MEASURES`, `NULL_MODELS`, or your own functions.
        Perturbations may have options: ``gaussian_noise(amplitude=0.5)``. The giant
        component is measured if nothing is named.
    fractions : sequence of float
        Shares of the links (neurons, pixels) in scope that are removed or changed, 0
        to 1.
    replicates : int
        Draws of every null model and perturbation.
    scope : str
        ``per_layer``, ``global``, or one layer such as ``layer_1``; ``head`` for the
        dense head alone, ``per_layer+head`` and ``global+head`` for both, where the
        classes are a depth of the graph that is measured.
    seed : int
        Of the draws; the networks have their own.
    images : int, optional
        Score the first so many test images; all if not given.
    jobs : int
        Processes to spread over. The table does not depend on it. With several, your
        script needs its ``if __name__ == "__main__":``.
    parts : optional
        Keeps finished units, with ``found(keys)`` and ``put(key, rows)``; what it holds
        is not computed again.
    tick : callable, optional
        Called with the units done and the units in all.
    evaluate : callable, optional
        ``(module) -> dict`` of numbers, which scores damaged copies of a module of your
        own: then this is `percolate_module`, whose docstring says what has a meaning
        there, and takes no `images`, no `training_images` and no further options.
    layers, example, order, masks, links
        Of a module, as for `percolate_module`.
    executor : concurrent.futures.Executor, optional
        Where the work is done, instead of `jobs` processes: one of yours, such as the
        ``get_executor()`` of a Dask client.
    progress : bool, optional
        Show a bar; if not given, at a terminal and in a notebook.
    training_images : int
        Orders that ask data are shown the first so many training images.
    **options

    Returns
    -------
    DataFrame
        One row per scored network: the keys ``network, dataset`` (the one scored),
        ``sparsifier, width, sparsity, network_seed, null_model, retrained,
        perturbation, scope, fraction, replicate, draw_seed``, then options of the
        perturbations that are numbers, ``images`` (how many were scored), ``removed``
        (the share of links really removed), ``accuracy``, ``loss``, ``moved`` (the
        share of links the null model moved) and the measures.

    Raises
    ------
    InputError
        A name is unknown or a number out of its range.
    UnfinishedError
        Units failed, and `parts` are those of a run, which keep all others.

    Examples
    --------
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.data.load import load
    >>> from netrobust.neural.train import train
    >>> data = load("mnist-5k")
    >>> network = train(data, TrainConfig(hidden=(50,), sparsity=0.9, epochs=1))
    >>> table = percolate(network, data, fractions=[0, 0.5, 1], replicates=2)
    >>> len(table), round(float(table.giant_component.min()), 4)
    (6, 0.0012)
    """
    if graphs := graphs_of(networks):
        refuse(
            data=data, images=images, evaluate=evaluate, layers=layers,
            example=example, order=order, masks=masks, links=links, **options,
        )  # fmt: skip
        return GraphPercolation.planned(
            graphs, perturbations, fractions=fractions, replicates=replicates,
            measures=("giant_component",) if measures is None else measures,
            null_models=null_models, scope=scope, seed=seed,
        ).run(jobs, parts, tick, executor, progress)  # fmt: skip
    about = ""
    theirs = isinstance(networks, Module) and not isinstance(networks, SparseMLP)
    if evaluate is None and theirs and isinstance(data, Dataset):
        evaluate = OnImages(data, images, options.pop("details", False))
        about, data, images = data.name, None, None
    if evaluate is not None:
        for name, value in {"data": data, "images": images, **options}.items():
            if value is not None and value is not False:
                raise InputError(f"a module is scored by evaluate; leave {name} out")
        return percolate_module(
            cast(Module, networks), evaluate, perturbations, fractions, replicates,
            measures, null_models, scope, seed, layers, example=example, order=order,
            masks=masks, links=links, jobs=jobs, parts=parts, tick=tick,
            executor=executor, progress=progress, dataset=about,
        )  # fmt: skip
    if data is None:
        raise InputError(
            "no data came; give the Dataset whose test images are scored, or, for a "
            "torch module of your own, evaluate"
        )
    sweep = Percolation.planned(
        cast(Network | Sequence[Network], networks), data, perturbations=perturbations,
        fractions=fractions, replicates=replicates, null_models=null_models,
        measures=("giant_component",) if measures is None else measures, scope=scope,
        seed=seed, images=images, jobs=jobs, training_images=training_images,
        options=options,
    )  # fmt: skip
    return sweep.run(jobs, parts, tick, executor, progress)


@dataclass(frozen=True)
class Percolation(Sweep):
    """A sweep whose units are one network, null model and perturbation each."""

    columns = PERCOLATION

    @classmethod
    def planned(
        cls,
        networks: Network | Iterable[Network],
        data: Dataset,
        options: Options | None = None,
        **settings: Any,
    ) -> Self:
        """Check everything before anything is done; the settings are `percolate`'s."""
        nets = several(networks)
        own = {name: settings.pop(name) for name in OPTIONS if name in settings}
        plan = plan_networks(
            cls.columns, nets, data, options={**(options or {}), **own}, **settings
        )
        for null_model in plan.null_models if plan.options["retrain"] else ():
            if reaches_head(scope_of(null_model)):
                raise InputError(
                    f"{name_of(null_model)} draws the head, which retraining draws "
                    "anew; choose a scope without the head, or do not retrain"
                )
        return cls(plan, tuple(nets), data)

    @classmethod
    def undamaged(
        cls, networks: Network | Iterable[Network], data: Dataset, **settings: Any
    ) -> Self:
        """Check a comparison; the settings are those of `compare`."""
        nothing: Any = {"perturbations": "random_links", "fractions": [0]}
        return cls.planned(networks, data, **nothing, scope="per_layer", **settings)

    def units(self) -> Iterable[Unit]:
        """Give places of network, null model and perturbation."""
        places = self.networks, self.plan.null_models, self.plan.perturbations
        return product(*(range(len(one)) for one in places))

    def key(self, unit: Unit) -> str:
        """Name a unit by its network and all settings, which are those of the plan."""
        plan = self.plan
        called = (
            self.networks[unit[0]].name,
            name_of(self.null_model(unit)),
            name_of(self.perturbation(unit)),
        )
        return self.called(
            "-".join(called), unit, plan.fractions, plan.replicates,
            plan.scope, plan.seed, plan.images,
            [name_of(one) for one in plan.measures], plan.training_images,
            *plan.options.values(),
        )  # fmt: skip

    def null_model(self, unit: Unit) -> Any:
        """Give what the network is drawn from."""
        return self.plan.null_models[unit[1]]

    def perturbation(self, unit: Unit) -> Any:
        """Give what damages it."""
        return self.plan.perturbations[unit[2]]

    def scored(self, unit: Unit) -> Iterator[Score]:
        """Score one network under one null model and perturbation."""
        network, plan = self.networks[unit[0]], self.plan
        null_model, perturbation = self.null_model(unit), self.perturbation(unit)
        null, label = name_of(null_model), name_of(perturbation)
        head = reaches_head(plan.scope)
        intact = _Subject(network.model, to_links(network.model, head))
        within = graph_scope(plan.scope, len(network.model.sizes) - 1)
        subject, seen = intact, dict[bytes, dict[str, float]]()
        for replicate in range(plan.replicates):
            if plan.options["retrain"] or null != "none":
                subject, seen = self._drawn(network, null_model, replicate), {}
            rng = damage_stream(
                plan.seed, network.name, null, replicate, label, plan.scope
            )
            damages = damage_curve(
                subject.model, perturbation, plan.fractions, plan.scope, rng, self.data,
                subject.links, plan.training_images,
            )  # fmt: skip
            structure = measured(subject.links, damages, plan.measures, subject.left)
            answers = self._answers(subject.model, damages, seen)
            for place, fraction in enumerate(plan.fractions):
                damage = damages[place]
                facts = {
                    "images": len(self.data.y_test[: plan.images]),
                    "removed": removed_fraction(subject.links, damage, within),
                    "moved": subject.moved,
                }
                measures = {name: values[place] for name, values in structure.items()}
                yield Score(fraction, replicate, answers[place], facts, measures)

    def _drawn(self, network: Network, null_model: Any, replicate: int) -> "_Subject":
        """Draw the null model, and train its topology anew where that is asked."""
        model, seed, shift = network.model, self.plan.seed, 0.0
        drawn = intact = to_links(model, reaches_head(scope_of(null_model)))
        key = (network.name, name_of(null_model), replicate)
        if name_of(null_model) != "none":
            rng = stream(seed, "null model", *key)
            drawn = randomised(intact, null_model, rng)
            shift = moved(intact, drawn)
            model = model_from_links(drawn, like=model)
        if self.plan.options["retrain"]:
            model = retrained(network, drawn.graph(), self.data, seed, *key)
        # In the order in which scores count links.
        links = to_links(model, reaches_head(self.plan.scope))
        return _Subject(model, links, shift)

    def _answers(
        self,
        model: SparseMLP,
        damages: list[Damage],
        seen: dict[bytes, dict[str, float]],
    ) -> list[dict[str, float]]:
        """Score damaged networks; the same damage is not scored twice."""
        digests = [damage.digest for damage in damages]
        new = {
            digest: damage
            for digest, damage in zip(digests, damages, strict=True)
            if digest not in seen
        }
        found = scores(
            model, self.data, [*new.values()], self.plan.images,
            head=reaches_head(self.plan.scope), details=self.plan.options["details"],
        )  # fmt: skip
        seen |= zip(new, found, strict=True)
        return [seen[digest] for digest in digests]


@dataclass(frozen=True, eq=False)
class _Subject:
    """What is damaged in a replicate: a network, or a draw of its null model.

    Its graph is built where somebody asks for it; arrays serve all else.
    """

    model: SparseMLP
    links: Links
    moved: float = 0.0  # share of links that the null model moved

    @cached_property
    def graph(self) -> Graph:
        """The graph, for what the arrays of its links cannot tell."""
        return self.links.graph()

    def left(self, damage: Damage) -> list[Graph]:
        """Build what a damage leaves."""
        return [apply(self.graph, damage)]
