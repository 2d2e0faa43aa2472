"""Orders of links: which go first, by weight, place or what data say of them."""

from typing import TYPE_CHECKING, Annotated

import numpy as np

from netrobust.core.settings import whole
from netrobust.graphs.damage import Ids, Links
from netrobust.graphs.paths import link_betweenness, paths_through
from netrobust.graphs.perturb.base import by
from netrobust.graphs.perturb.remove import removal

if TYPE_CHECKING:
    from igraph import Graph


@removal
def random_links(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in uniformly random order (bond percolation).

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, 2, 3, 4])
    >>> PERTURBATIONS["random_links"](graph, np.random.default_rng(0), 0.5).kept
    array([1, 3])
    """
    return rng.permutation(len(Links.of(graph).weight))


@removal
def strongest_links(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in falling order of absolute weight, ties at random.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, -4, 3, 2])
    >>> PERTURBATIONS["strongest_links"](graph, np.random.default_rng(0), 0.5).kept
    array([0, 3])
    """
    return by(-np.abs(Links.of(graph).weight), rng)


@removal
def weakest_links(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in rising order of absolute weight, ties at random.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, -4, 3, 2])
    >>> PERTURBATIONS["weakest_links"](graph, np.random.default_rng(0), 0.5).kept
    array([1, 2])
    """
    return by(np.abs(Links.of(graph).weight), rng)


@removal(signed=True)
def strongest_positive_links(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in falling order of signed weight, negative ones last.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, -4, 3, 2])
    >>> attack = PERTURBATIONS["strongest_positive_links"]
    >>> attack(graph, np.random.default_rng(0), 0.5).kept
    array([0, 1])
    """
    return by(-Links.of(graph).weight, rng)


@removal(signed=True)
def strongest_negative_links(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in rising order of signed weight, positive ones last.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, -4, 3, 2])
    >>> attack = PERTURBATIONS["strongest_negative_links"]
    >>> attack(graph, np.random.default_rng(0), 0.5).kept
    array([2, 3])
    """
    return by(Links.of(graph).weight, rng)


def _sources(name: str, value: int | str) -> int | str:
    """Give a number of neurons, or all."""
    if value == "all":
        return "all"
    digits = isinstance(value, str) and value.isascii() and value.isdigit()
    return whole(name, int(value) if digits else value, 1)


@removal(recomputes=True, needs_stack=True)
def links_by_betweenness(
    graph: "Graph | Links",
    rng: np.random.Generator,
    *,
    sources: Annotated[int | str, _sources] = "all",
) -> Ids:
    """Remove links in falling order of betweenness, ties at random.

    That is the number of directed shortest paths through a link, over all pairs of
    neurons of the graph, each pair counting 1 in all. Weights play no part: they are
    no distances. In a single layer every link has 1. ``recompute=True`` ranks what is
    left again at every fraction of the grid. ``sources=500`` estimates it from the
    paths that start at so many neurons, drawn without replacement.

    Notes
    -----
    Freeman (1977), https://doi.org/10.2307/3033543; of links Girvan and Newman (2002),
    https://doi.org/10.1073/pnas.122653799; recomputed Holme et al. (2002),
    https://doi.org/10.1103/PhysRevE.65.056109.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 1, 1, 1], [0, 1, 2, 3], [2, 2, 3, 4], [1, 2, 3, 4])
    >>> attack = PERTURBATIONS["links_by_betweenness"]
    >>> attack(graph, np.random.default_rng(0), 0.3, "global").kept
    array([0, 1, 3])
    """
    links = Links.of(graph)
    starts = sum(links.sizes[:-1])
    if sources == "all" or int(sources) >= starts:
        return by(-link_betweenness(links), rng)
    some = np.sort(rng.choice(starts, int(sources), replace=False))
    return by(-link_betweenness(links, some), rng)


@removal(recomputes=True)
def links_by_degree_product(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in falling order of out-degree of source times in-degree of target.

    Both count links of the layer itself, so the order says nothing of other layers.
    Ties go at random. ``recompute=True`` ranks what is left again at every fraction
    of the grid.

    Notes
    -----
    Holme et al. (2002), https://doi.org/10.1103/PhysRevE.65.056109, for undirected
    graphs, where a neuron has one degree. In a directed stack it has two, and these are
    the two that the link itself is part of.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 2], [0, 0, 1], [2, 3, 3], [1, 2, 3])
    >>> attack = PERTURBATIONS["links_by_degree_product"]
    >>> attack(graph, np.random.default_rng(0), 0.3).kept
    array([0, 2])
    """
    links = Links.of(graph)
    out_degree, in_degree = np.bincount(links.source), np.bincount(links.target)
    return by(-(out_degree[links.source] * in_degree[links.target]), rng)


@removal(recomputes=True, needs_stack=True)
def links_by_path_count(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in falling order of the input-to-output paths through them.

    A path joins the first depth of the graph to the last one; ties go at random.
    ``recompute=True`` ranks what is left again at every fraction of the grid.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 2, 1], [0, 1, 1, 2, 3], [2, 2, 3, 4, 4], [1] * 5)
    >>> attack = PERTURBATIONS["links_by_path_count"]
    >>> attack(graph, np.random.default_rng(0), 0.2, "global").kept
    array([0, 1, 2, 4])
    """
    return by(-paths_through(Links.of(graph)), rng)


@removal(needs=("saliency",))
def links_by_saliency(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in falling order of saliency ``|w dL/dw|`` on training images.

    The graph carries it as the edge attribute ``saliency``, which `percolate` writes;
    ties go at random.

    Raises
    ------
    InputError
        The graph carries no saliency.

    Notes
    -----
    To first order the loss changes by -w dL/dw when the link goes; Lee et al. (2019),
    https://arxiv.org/abs/1810.02340, prune by its size. At a minimum of the loss it is
    close to noise.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, -4, 3, 2])
    >>> graph.es["saliency"] = [0.1, 0, 0.3, 0.2]
    >>> PERTURBATIONS["links_by_saliency"](graph, np.random.default_rng(0), 0.5).kept
    array([0, 1])
    """
    return by(-Links.of(graph).attribute("saliency"), rng)
