"""Orders of hidden neurons and of pixels: who goes first.

One order serves for both: ``by_degree`` makes ``neurons_by_degree`` and
``pixels_by_degree``. What becomes of a neuron that goes is said in `remove`. Removal of
a pixel deletes its links, so that the network sees it at the mean grey of the data
(mean imputation); to set pixels to 0, black, is the input attack ``pixel_dropout``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs.damage import Ids, Links
from netrobust.graphs.paths import neuron_betweenness
from netrobust.graphs.perturb.base import Order, by
from netrobust.graphs.perturb.remove import neuron_removal

if TYPE_CHECKING:
    from igraph import Graph


def _neurons_and_pixels(
    pattern: str = "{}_{}", recomputes: bool = True, needs: tuple[str, ...] = ()
) -> Callable[[Order], Order]:
    """Register an order twice, for hidden neurons and for pixels."""

    def registered(order: Order) -> Order:
        for kind in ("neurons", "pixels"):
            neuron_removal(
                acts_on=kind,
                name=pattern.format(kind, order.__name__),
                recomputes=recomputes,
                needs=needs,
            )(order)
        return order

    return registered


def _degree(
    graph: "Graph | Links", weight: NDArray[np.float32] | None = None
) -> NDArray[Any]:
    """Give the number, or the summed weight, of each neuron's links in and out."""
    links = Links.of(graph)
    neurons = sum(links.sizes)
    out = np.bincount(links.source, weight, neurons)
    return out + np.bincount(links.target, weight, neurons)


@_neurons_and_pixels(pattern="{1}_{0}", recomputes=False)
def random(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove {neurons} in uniformly random order (site percolation).

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> PERTURBATIONS["random_neurons"](graph, np.random.default_rng(0), 0.5).kept
    array([0, 1, 2])
    >>> PERTURBATIONS["random_pixels"](graph, np.random.default_rng(0), 0.34).kept
    array([0, 1])
    """
    return rng.permutation(sum(Links.of(graph).sizes))


@_neurons_and_pixels()
def by_degree(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove {neurons} in falling order of degree, ties at random.

    It counts links in and out. ``recompute=True`` counts again at every fraction of the
    grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> PERTURBATIONS["neurons_by_degree"](graph, np.random.default_rng(0), 0.5).kept
    array([3])
    >>> PERTURBATIONS["pixels_by_degree"](graph, np.random.default_rng(0), 0.34).kept
    array([0, 1])
    """
    return by(-_degree(graph), rng)


@_neurons_and_pixels()
def by_strength(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove {neurons} in falling order of summed absolute weight, in and out.

    Ties go at random. ``recompute=True`` sums again at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> PERTURBATIONS["neurons_by_strength"](graph, np.random.default_rng(0), 0.5).kept
    array([0, 1, 2])
    >>> PERTURBATIONS["pixels_by_strength"](graph, np.random.default_rng(0), 0.34).kept
    array([0, 1])
    """
    return by(-_degree(graph, np.abs(Links.of(graph).weight)), rng)


@_neurons_and_pixels()
def by_betweenness(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove {neurons} in falling order of betweenness, its ends included.

    Without the ends neurons at the last depth, which feed the head, would have none,
    and pixels neither; a pixel has the number of neurons that it reaches: see
    `neuron_betweenness`. Ties go at random. ``recompute=True`` ranks what is left again
    at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> between = PERTURBATIONS["neurons_by_betweenness"]
    >>> between(graph, np.random.default_rng(0), 0.5).kept
    array([3])
    >>> between = PERTURBATIONS["pixels_by_betweenness"]
    >>> between(graph, np.random.default_rng(0), 0.34).kept
    array([0, 1])
    """
    return by(-neuron_betweenness(graph), rng)


@_neurons_and_pixels(recomputes=False, needs=("activation",))
def by_activation(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove {neurons} in falling order of mean activation on training images.

    That of a pixel is its mean standardised absolute value. The graph carries it as the
    vertex attribute ``activation``, which `percolate` writes; ties go at random.

    Raises
    ------
    InputError
        The graph carries no activation.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> graph.vs["activation"] = [0.1, 0.3, 0.2, 0.4, 0.5]
    >>> active = PERTURBATIONS["neurons_by_activation"]
    >>> active(graph, np.random.default_rng(0), 0.5).kept
    array([0, 1, 2])
    >>> active = PERTURBATIONS["pixels_by_activation"]
    >>> active(graph, np.random.default_rng(0), 0.34).kept
    array([0, 2, 3])
    """
    return by(-Links.of(graph).attribute("activation"), rng)
