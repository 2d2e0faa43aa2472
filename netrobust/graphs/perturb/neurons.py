"""Orders of hidden neurons and of pixels: who goes first.

What becomes of a neuron that goes is said in `remove`. Removal of a pixel deletes its
links, so that the network sees it at the mean grey of the data (mean imputation); to
set pixels to 0, black, is the input attack ``pixel_dropout``.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs.damage import Ids, Links
from netrobust.graphs.paths import neuron_betweenness
from netrobust.graphs.perturb.base import by, examples
from netrobust.graphs.perturb.remove import neuron_removal

if TYPE_CHECKING:
    from igraph import Graph


def _degree(
    graph: "Graph | Links", weight: NDArray[np.float32] | None = None
) -> NDArray[Any]:
    """Give the number, or the summed weight, of each neuron's links in and out."""
    links = Links.of(graph)
    neurons = sum(links.sizes)
    out = np.bincount(links.source, weight, neurons)
    return out + np.bincount(links.target, weight, neurons)


@neuron_removal
def random_neurons(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove hidden neurons in uniformly random order (site percolation).

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> random_neurons(graph, np.random.default_rng(0), 0.5).kept
    array([0, 1, 2])
    """
    return rng.permutation(sum(Links.of(graph).sizes))


@neuron_removal(recomputes=True)
def neurons_by_degree(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove hidden neurons in falling order of degree, ties at random.

    It counts links in and out.
    ``recompute=True`` counts again at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> neurons_by_degree(graph, np.random.default_rng(0), 0.5).kept
    array([3])
    """
    return by(-_degree(graph), rng)


@neuron_removal(recomputes=True)
def neurons_by_strength(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove hidden neurons in falling order of summed absolute weight, in and out.

    Ties go at random. ``recompute=True`` sums again at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> neurons_by_strength(graph, np.random.default_rng(0), 0.5).kept
    array([0, 1, 2])
    """
    return by(-_degree(graph, np.abs(Links.of(graph).weight)), rng)


@neuron_removal(recomputes=True)
def neurons_by_betweenness(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove hidden neurons in falling order of betweenness, its ends included.

    Without the ends neurons at the last depth, which feed the head, would have none:
    see `neuron_betweenness`. Ties go at random. ``recompute=True`` ranks what is left
    again at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> neurons_by_betweenness(graph, np.random.default_rng(0), 0.5).kept
    array([3])
    """
    return by(-neuron_betweenness(graph), rng)


@neuron_removal(needs=("activation",))
def neurons_by_activation(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove hidden neurons in falling order of mean activation on training images.

    The graph carries it as the vertex attribute ``activation``, which `percolate`
    writes; ties go at random.

    Raises
    ------
    InputError
        The graph carries no activation.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> graph.vs["activation"] = [0.1, 0.3, 0.2, 0.4, 0.5]
    >>> neurons_by_activation(graph, np.random.default_rng(0), 0.5).kept
    array([0, 1, 2])
    """
    return by(-Links.of(graph).mark("activation"), rng)


@neuron_removal(acts_on="pixels")
def random_pixels(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove pixels in uniformly random order.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> random_pixels(graph, np.random.default_rng(0), 0.34).kept
    array([0, 1])
    """
    return rng.permutation(sum(Links.of(graph).sizes))


@neuron_removal(acts_on="pixels", recomputes=True)
def pixels_by_degree(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove pixels in falling order of degree, ties at random.

    ``recompute=True`` counts again at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> pixels_by_degree(graph, np.random.default_rng(0), 0.34).kept
    array([0, 1])
    """
    return by(-_degree(graph), rng)


@neuron_removal(acts_on="pixels", recomputes=True)
def pixels_by_strength(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove pixels in falling order of summed absolute weight.

    Ties go at random. ``recompute=True`` sums again at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> pixels_by_strength(graph, np.random.default_rng(0), 0.34).kept
    array([0, 1])
    """
    return by(-_degree(graph, np.abs(Links.of(graph).weight)), rng)


@neuron_removal(acts_on="pixels", recomputes=True)
def pixels_by_betweenness(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove pixels in falling order of betweenness, its ends included.

    No path goes through a pixel, but paths start there: what counts is the number of
    neurons that it reaches, see `neuron_betweenness`. Ties go at random.
    ``recompute=True`` ranks what is left again at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> pixels_by_betweenness(graph, np.random.default_rng(0), 0.34).kept
    array([0, 1])
    """
    return by(-neuron_betweenness(graph), rng)


@neuron_removal(acts_on="pixels", needs=("activation",))
def pixels_by_activation(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove pixels in falling order of mean standardised absolute value in training.

    The graph carries it as the vertex attribute ``activation``, which `percolate`
    writes; ties go at random.

    Raises
    ------
    InputError
        The graph carries no activation.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([3, 2], [0, 1, 2, 2], [3, 3, 3, 4], [1, 3, 1, -9])
    >>> graph.vs["activation"] = [0.1, 0.3, 0.2, 0.4, 0.5]
    >>> pixels_by_activation(graph, np.random.default_rng(0), 0.34).kept
    array([0, 2, 3])
    """
    return by(-Links.of(graph).mark("activation"), rng)


# Examples of the removals for doctest, which looks for functions and classes only.
__test__ = examples(__name__)
