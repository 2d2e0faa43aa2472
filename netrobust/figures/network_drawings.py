"""Draw the network itself: its neurons and links, its pixels, its degrees."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from netrobust.core.errors import InputError
from netrobust.core.settings import choice, whole
from netrobust.figures.degree_tails import ccdf, sampling_band
from netrobust.figures.layout import DOUBLE, SINGLE, figure_of, legend, panels
from netrobust.figures.pixel_maps import colour_bar, image_side, mosaic
from netrobust.figures.restyle import recoloured, size
from netrobust.graphs.damage import Links
from netrobust.graphs.theory import erdos_renyi_degrees

if TYPE_CHECKING:
    from igraph import Graph

_SIGNS = {"positive": "#D55E00", "negative": "#0072B2"}
_QUANTITIES = {  # what the colours mean, colour map
    "degree": ("links of a pixel", "viridis"),
    "strength": ("strength of a pixel, sum of $|w|$", "magma"),
}
_SIDES = {"in": "in-degree", "out": "out-degree"}


def layer(graph: "Graph", ax: Axes | None = None, most: int = 5000) -> Axes:
    """Draw a layer: sources below, targets above, in falling order of degree.

    Links are coloured by the sign of their weight and darker the larger it is; a
    neuron's dot grows with its degree.

    Parameters
    ----------
    graph : igraph.Graph
        A single layer, see `layers`.
    ax : Axes, optional
        Where to draw; a new single-column figure without it.
    most : int
        Links drawn at most, the largest weights first; the title says so.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        The graph has several layers, or breaks the graph contract.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 1], [2, 2, 3], [1, -1, 2])
    >>> [tick.get_text() for tick in layer(graph).get_yticklabels()]
    ['2 sources', '2 targets']
    """
    links = Links.of(graph)
    if len(links.sizes) != 2:
        raise InputError(
            f"draw.layer draws one layer; got {len(links.sizes) - 1}: give one of "
            "nr.layers(graph), or use draw.stack"
        )
    lone = ax is None
    ax = panels(height=2.6)[1][0, 0] if ax is None else ax
    _network(links, ax, most)
    names = [f"{links.sizes[0]} sources", f"{links.sizes[1]} targets"]
    ax.set_yticks((0, 1), names)
    if lone:
        legend(figure_of(ax))
    return ax


def stack(graph: "Graph", ax: Axes | None = None, most: int = 5000) -> Axes:
    r"""Draw a whole network, its depths from left to right, otherwise as `layer`.

    Parameters
    ----------
    graph : igraph.Graph
    ax : Axes, optional
        Where to draw; a new figure of two columns' width without it.
    most : int
        Links drawn at most of each layer, the largest weights first.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        The graph breaks the graph contract.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2, 1], [0, 1, 2], [2, 2, 4], [1, -1, 2])
    >>> [tick.get_text() for tick in stack(graph).get_xticklabels()]
    ['depth 0\n2 neurons', 'depth 1\n2 neurons', 'depth 2\n1 neuron']
    """
    links = Links.of(graph)
    lone = ax is None
    ax = panels(width=DOUBLE, height=3.0)[1][0, 0] if ax is None else ax
    _network(links, ax, most, upright=False)
    names = [
        f"depth {depth}\n{count} neuron{'s' if count > 1 else ''}"
        for depth, count in enumerate(links.sizes, links.first_depth)
    ]
    ax.set_xticks(range(len(names)), names)
    if lone:
        legend(figure_of(ax))
    return ax


def pixels(graph: "Graph", value: str = "degree", ax: Axes | None = None) -> Axes:
    """Draw the degree, or the strength, of every pixel over the input plane.

    Parameters
    ----------
    graph : igraph.Graph
        Its neurons at the first depth are pixels, row by row from the top left.
    value : str
        ``degree``, or ``strength``, the sum of absolute weights.
    ax : Axes, optional
        Where to draw; a new single-column figure without it.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        The image is not square, or there is no such quantity.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([4, 2], [0, 0, 3], [4, 5, 4], [1, -1, 2])
    >>> pixels(graph).images[0].get_array().tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """
    choice("value", value, tuple(_QUANTITIES))
    links = Links.of(graph)
    image_side(links.sizes[0])
    first = links.layer == 0
    weight = np.abs(links.weight[first]) if value == "strength" else None
    sums = np.bincount(links.source[first], weight, minlength=links.sizes[0])
    ax = panels(height=SINGLE)[1][0, 0] if ax is None else ax
    text, cmap = _QUANTITIES[value]
    table = pd.DataFrame({"epoch": 0, "sparsifier": "", "pixel": range(sums.size)})
    mosaic(table.assign(**{value: sums}), value, ax, cmap=cmap)
    colour_bar([ax], text)
    ax.set(xlabel="", xticks=[], yticks=[])
    return ax


def degrees(graph: "Graph", side: str = "out", ax: Axes | None = None) -> Axes:
    """Draw P(K >= k) of every layer, with the band of random layers of as many links.

    Parameters
    ----------
    graph : igraph.Graph
        One layer, or several, told apart by colour and marker.
    side : str
        ``out``, degrees of sources, or ``in``, of targets.
    ax : Axes, optional
        Where to draw; a new single-column figure, with its legend, without it.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        The graph breaks the graph contract, or there is no such side.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 1], [2, 2, 3], [1, -1, 2])
    >>> degrees(graph).lines[0].get_ydata().tolist()
    [1.0, 0.5]
    """
    choice("side", side, tuple(_SIDES))
    parts = Links.of(graph).layers()
    table = pd.concat([_tail(one, side).assign(layer=f"layer {one.first_depth + 1}")
                       for one in parts], ignore_index=True)  # fmt: skip
    lone = ax is None
    ax = ccdf(table, ax, hue="layer", null="null", band=("null_low", "null_high"))
    ax.set_xlabel(f"{_SIDES[side]} $k$ (links of a neuron)")
    if lone:
        legend(figure_of(ax))
    return ax


def _tail(links: Links, side: str) -> pd.DataFrame:
    """Give the share of neurons at or above each degree, beside the exact null."""
    place = 0 if side == "out" else 1
    own, other = links.sizes[place], links.sizes[1 - place]
    ids = links.source if side == "out" else links.target - links.sizes[0]
    count = np.bincount(np.bincount(ids, minlength=own), minlength=other + 1)
    share = np.where(count > 0, count[::-1].cumsum()[::-1] / own, np.nan)
    exact = erdos_renyi_degrees(own, other, len(links.weight))[::-1].cumsum()[::-1]
    low, high = sampling_band(exact.clip(max=1), own)
    table = pd.DataFrame({"degree": np.arange(other + 1), "mean": share})
    table = table.assign(low=share, high=share, null=exact)
    return table.assign(null_low=low, null_high=high)


def _network(links: Links, ax: Axes, most: int, upright: bool = True) -> None:
    """Draw links as lines and neurons as dots, depth by depth."""
    whole("most", most, 1)
    starts = np.cumsum((0, *links.sizes))
    degree = np.bincount(links.source, minlength=starts[-1])
    degree = np.maximum(degree, np.bincount(links.target, minlength=starts[-1]))
    along = np.empty(starts[-1])
    for start, end in pairwise(starts):
        ranks = np.argsort(np.argsort(-degree[start:end], kind="stable"))
        along[start:end] = (ranks + 0.5) / (end - start)
    depth = np.repeat(np.arange(len(links.sizes)), links.sizes)
    places = np.column_stack((along, depth) if upright else (depth, 1 - along))
    shown = np.concatenate([_largest(links, number, most) for number in
                            range(len(links.sizes) - 1)])  # fmt: skip
    _lines(links, shown, places, ax)
    # Seen as rings where few, as a bar where thousands.
    area = size(2) ** 2 * (0.3 + 3 * degree / max(degree.max(), 1))
    x, y = places.T
    ax.scatter(x, y, s=area, color="0.15", lw=0, zorder=3, rasterized=True)
    ax.spines[:].set_visible(False)
    ax.set(xticks=[], yticks=[])
    ax.tick_params(length=0)
    if shown.size < len(links.weight):
        ax.set_title(f"the strongest {shown.size:,} of {len(links.weight):,} links")


def _largest(links: Links, layer: int, most: int) -> Any:
    own = np.flatnonzero(links.layer == layer)
    return own[np.argsort(-np.abs(links.weight[own]), kind="stable")[:most]]


def _lines(links: Links, shown: Any, places: Any, ax: Axes) -> None:
    """Draw links, weak ones first, so that the strong lie above them."""
    shown = shown[::-1]
    weight = links.weight[shown]
    ends = np.stack((places[links.source[shown]], places[links.target[shown]]), axis=1)
    crowd = np.clip(300 / max(shown.size, 1), 0.06, 0.8)
    relative = np.abs(weight) / max(np.abs(weight).max(initial=0), 1e-30)
    for sign, color in _SIGNS.items():
        here, name = (weight >= 0) == (sign == "positive"), f"{sign} weight"
        if not here.any():
            continue
        shown_color = recoloured(name, color)
        ax.add_collection(
            LineCollection(
                list(ends[here]),
                colors=shown_color,
                alpha=np.clip(crowd * (0.4 + 1.6 * relative[here]), 0, 1),
                linewidths=size(0.6),
                rasterized=True,
            )
        )
        ax.plot([], [], color=shown_color, label=name)
    ax.autoscale_view()
