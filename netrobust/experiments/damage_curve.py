"""The damage of one network along a curve, with what data must tell about its links.

Orders by saliency and activation, and those that try damage out, ask *training* images:
the first of them, as many as the caller says. Test images decide nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from igraph import Graph
from numpy.typing import NDArray

from netrobust.convert.network import to_graph, to_links
from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.core.settings import whole
from netrobust.data.dataset import Dataset
from netrobust.experiments.score import check_fit, damaged
from netrobust.graphs.damage import Damage, Links
from netrobust.graphs.perturb.scopes import graph_scope, reaches_head
from netrobust.neural.model import SparseMLP
from netrobust.neural.sensitivity import sensitivity
from netrobust.parallel.threads import limited_threads

#: Training images asked, where a perturbation needs data.
TRAINING_IMAGES = 2000

Written = Mapping[str, NDArray[np.float64]]


def marked(model: SparseMLP, data: Dataset, images: int = TRAINING_IMAGES) -> Graph:
    """Export a network with what training images tell about its links and neurons.

    Parameters
    ----------
    model : SparseMLP
    data : Dataset
    images : int
        The first so many training images are shown.

    Returns
    -------
    igraph.Graph
        ``to_graph(model)`` with the edge attribute ``saliency``, ``|w dL/dw|`` with L
        the mean cross-entropy, and the vertex attribute ``activation``, the mean
        absolute output of a neuron (of a pixel, its standardised value). Orders such
        as `links_by_saliency` read them.

    Raises
    ------
    InputError
        The images are not those of the network, or their number is no integer of at
        least 1.

    Notes
    -----
    Saliency to first order, after Mozer and Smolensky, Skeletonization, NIPS 1 (1988).

    Examples
    --------
    >>> from netrobust.data.load import load
    >>> from netrobust.neural.model import start
    >>> model = start((784, 20, 10), np.random.default_rng(0), links=[157])
    >>> graph = marked(model, load("mnist-5k"), images=100)
    >>> sorted(graph.es.attributes()), len(graph.vs["activation"])
    (['saliency', 'weight'], 804)
    """
    check_fit(model, data)
    graph = to_graph(model)
    _, written = _ask(model, data, whole("images", images, 1))
    graph.es["saliency"] = written["saliency"].tolist()
    graph.vs["activation"] = written["activation"].tolist()
    return graph


def damage_curve(
    model: SparseMLP,
    perturbation: Any,
    fractions: Sequence[float],
    scope: str,
    rng: np.random.Generator,
    data: Dataset,
    links: Links | None = None,
    images: int = TRAINING_IMAGES,
) -> list[Damage]:
    """Say what a perturbation does to a network at every fraction of a rising grid.

    Parameters
    ----------
    model : SparseMLP
    perturbation : Perturbation or callable
        A member of `PERTURBATIONS`, or ``(graph, rng, fraction, scope) -> Damage``;
        a plain function is not told the scope where that is ``per_layer``.
    fractions : sequence of float
    scope : str
        As `percolate` knows it.
    rng : numpy.random.Generator
        Every point of a plain function's curve starts from its state.
    data : Dataset
        Its first training images are shown to orders that ask for data.
    links : Links, optional
        ``to_links(model, reaches_head(scope))``, where they are at hand.
    images : int
        Of the training images, the first so many.

    Raises
    ------
    InputError
        The perturbation is unavailable in that scope.
    """
    links = to_links(model, reaches_head(scope)) if links is None else links
    within = graph_scope(scope, len(model.sizes) - 1)
    if not hasattr(perturbation, "curve"):
        where = {} if within == "per_layer" else {"scope": within}
        state, graph = rng.bit_generator.state, links.graph()
        damages = []
        for fraction in fractions:
            rng.bit_generator.state = state  # so that damage is nested
            # A function that works in place spoils its own copy alone.
            damage = perturbation(graph.copy(), rng, fraction, **where)
            if not isinstance(damage, Damage):
                raise InputError(
                    f"perturbation {perturbation.__name__} must give a Damage; got "
                    f"{type(damage).__name__}"
                )
            damages.append(damage)
        return damages
    if perturbation.needs:
        links = replace(links, attributes=_ask(model, data, images)[1])
    if not getattr(perturbation, "probed", False):
        return list(perturbation.curve(links, rng, fractions, within))

    def probe(damage: Damage) -> tuple[float, Written]:
        left = damaged(model, damage)
        loss, written = _ask(left, data, images)
        saliency = np.zeros(links.weight.size)
        # Dense layers hold what was removed as weights of 0.
        saliency[np.isin(_places(model), _places(left))] = written["saliency"]
        return loss, {**written, "saliency": saliency}

    return list(perturbation.curve(links, rng, fractions, within, probe))


def damage_stream(
    seed: int, network: str, null_model: str, replicate: int, label: str, scope: str
) -> np.random.Generator:
    """Give the random stream of one damage curve, keyed by what is damaged.

    The fraction is no part of the key, so that damage is nested in it.
    """
    return stream(seed, network, null_model, replicate, label, scope)


def _ask(model: SparseMLP, data: Dataset, images: int) -> tuple[float, Written]:
    x, y = data.x_train[:images], data.y_train[:images]
    with limited_threads(1):  # several add up in another order
        loss, saliency, activation = sensitivity(model, x, y)
    return loss, {"saliency": saliency, "activation": activation}


def _places(model: SparseMLP) -> NDArray[np.int64]:
    """Give a number to the place of each link of a network, whatever else it has."""
    source, target, _ = model.links()
    return source * sum(model.sizes) + target
