"""One unit of a sweep: one network, one null model, one perturbation.

Its random streams are keyed by what it is, never by when or where it runs.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pandas as pd
from igraph import Graph

from netrobust.convert.network import model_from_links, to_links
from netrobust.core.random_streams import stream
from netrobust.data.load import Dataset
from netrobust.experiments.damage_curve import damage_curve, damage_stream
from netrobust.experiments.plan import VALUES, Plan, name_of, numbers_of
from netrobust.experiments.retrain import retrained
from netrobust.experiments.score import scores
from netrobust.graphs.damage import Damage, Links, apply, removed_fraction
from netrobust.graphs.measure.curve import measured
from netrobust.graphs.null import moved, randomised, scope_of
from netrobust.graphs.perturb.scopes import graph_scope, reaches_head
from netrobust.neural.model import SparseMLP
from netrobust.neural.network import Network
from netrobust.stats.summary import KEYS


@dataclass(frozen=True)
class Subject:
    """What is damaged in a replicate: a network, or a draw of its null model."""

    model: SparseMLP
    links: Links
    moved: float  # share of links that the null model moved

    @cached_property
    def graph(self) -> Graph:
        """The graph, for what the arrays of its links cannot tell."""
        return self.links.graph()


def run_unit(
    network: Network, data: Dataset, plan: Plan, null_model: Any, perturbation: Any
) -> pd.DataFrame:
    """Score one network under one null model and perturbation: visible loops."""
    rows: list[dict[str, Any]] = []
    label = name_of(perturbation)
    names: dict[str, Any] = {
        "null_model": name_of(null_model),
        "retrained": plan.retrain,
        "perturbation": label,
    }
    options = numbers_of(perturbation)
    intact = to_links(network.model)
    subject: Subject | None = None
    seen: dict[bytes, dict[str, float]] = {}
    for replicate in range(plan.replicates):
        if subject is None or plan.retrain or names["null_model"] != "none":
            subject = _subject(network, intact, data, plan, null_model, replicate)
            seen = {}
        rng = damage_stream(
            plan.seed, network.name, names["null_model"], replicate, label, plan.scope
        )
        damages = damage_curve(
            subject.model, perturbation, plan.fractions, plan.scope, rng, data,
            subject.links, plan.training_images,
        )  # fmt: skip
        structure = measured(
            subject.links,
            damages,
            plan.measures,
            partial(_left, subject),
        )
        within = graph_scope(plan.scope, len(network.model.sizes) - 1)
        answers = _scored(subject.model, data, damages, plan, seen)
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
                    **options,
                    "images": len(data.y_test[: plan.images]),
                    "removed": removed_fraction(subject.links, damage, within),
                    **answers[place],
                    "moved": subject.moved,
                    **{name: values[place] for name, values in structure.items()},
                }
            )
    table = pd.DataFrame(rows)
    measures = [name_of(measure) for measure in plan.measures]
    first = [*KEYS, *options, *VALUES]
    details = [name for name in table.columns if name not in {*first, *measures}]
    return table[[*first, *details, *measures]]


def _subject(
    network: Network,
    intact: Links,
    data: Dataset,
    plan: Plan,
    null_model: Any,
    replicate: int,
) -> Subject:
    """Draw the null model, and train its topology anew where that is asked."""
    model, shift = network.model, 0.0
    key = (network.name, name_of(null_model), replicate)
    drawn = intact
    if name_of(null_model) != "none":
        rng = stream(plan.seed, "null model", *key)
        if reaches_head(scope_of(null_model)):
            intact = to_links(model, head=True)
        drawn = randomised(intact, null_model, rng)
        shift = moved(intact, drawn)
        model = model_from_links(drawn, like=model)
    if plan.retrain:
        model = retrained(network, drawn.graph(), data, plan.seed, *key)
    # In the order in which scores count links.
    return Subject(model, to_links(model, reaches_head(plan.scope)), shift)


def _left(subject: Subject, damage: Damage) -> list[Graph]:
    return [apply(subject.graph, damage)]


def _scored(
    model: SparseMLP,
    data: Dataset,
    damages: list[Damage],
    plan: Plan,
    seen: dict[bytes, dict[str, float]],
) -> list[dict[str, float]]:
    """Score damaged networks; the same damage is not scored twice."""
    keys = [damage.digest for damage in damages]
    new = {
        key: damage
        for key, damage in zip(keys, damages, strict=True)
        if key not in seen
    }
    found = scores(
        model,
        data,
        [*new.values()],
        plan.images,
        head=reaches_head(plan.scope),
        details=plan.details,
    )
    seen |= zip(new, found, strict=True)
    return [seen[key] for key in keys]
