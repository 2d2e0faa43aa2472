"""Interactive views for a page: layers that a slider damages, and their pixels.

Bokeh draws them; its scripts travel inside the page, so that no network is needed.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from bokeh.embed import components
from bokeh.layouts import column
from bokeh.models import (
    BooleanFilter,
    CDSView,
    ColorBar,
    ColumnDataSource,
    CustomJS,
    Div,
    HoverTool,
    LinearColorMapper,
    Select,
    Slider,
    TabPanel,
    Tabs,
)
from bokeh.plotting import figure
from bokeh.resources import Resources

from netrobust.core.random_streams import stream
from netrobust.figures.pixel_maps import image_side
from netrobust.figures.styles import label
from netrobust.graphs.damage import Links

#: Removals that the slider can show, in their order.
SHOWN = ("random_links", "strongest_links", "weakest_links")
MOST = 10_000  # links in a view; more make the page slow
_STEPS = 65_535  # of ranks, in two bytes
_SIGNS = ["#0072B2", "#D55E00"]
_STRENGTH = ("strength", "@strength{0.000}")
_TOOLS = "pan,wheel_zoom,box_zoom,reset"

# Hides the links that are gone, and says what the network then can do.
_DAMAGE = """
const name = order.value, f = slider.value
sources.forEach((source, place) => {
  filters[place].booleans = Array.from(source.data[name], r => r >= f * steps)
})
const curve = curves[name], x = curve.fraction
let i = x.findIndex(one => one >= f - 1e-9)
if (i < 0) i = x.length - 1
const j = Math.max(i - 1, 0)
const t = i == j ? 1 : (f - x[j]) / (x[i] - x[j])
const words = [Math.round((1 - f) * links).toLocaleString("en") + " of "
               + links.toLocaleString("en") + " links left"]
for (const [key, text] of Object.entries(measures)) {
  const y = curve[key], value = y[j] + t * (y[i] - y[j])
  if (Number.isFinite(value)) words.push(text + " " + (100 * value).toFixed(1) + "%")
}
left.text = words.join("; ")
"""


def scripts() -> str:
    """Give the scripts of Bokeh (BSD 3-Clause) that the views need, as HTML."""
    wanted = Resources(mode="inline", components=["bokeh", "bokeh-widgets"])
    return str(wanted.render_js())


def embedded(views: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Give the script that draws views, and the HTML of the place of each."""
    script, places = components(dict(views))
    return script, dict(places)


def layers_view(layers: Sequence[Links], table: pd.DataFrame) -> Any:
    """Make a view of layers: pan, zoom, degrees and strengths, and a damage slider.

    Parameters
    ----------
    layers : sequence of Links
        Each of a single layer.
    table : DataFrame
        Damage curves of their network: ``perturbation``, ``fraction``, ``accuracy``
        and, if there, ``giant_component``; perturbations not in `SHOWN` are left out.

    Returns
    -------
    bokeh.models.Column
    """
    names = [one for one in SHOWN if one in set(table["perturbation"])]
    plots, sources, filters = zip(*(_layer(one, names) for one in layers), strict=True)
    panels = [
        TabPanel(child=plot, title=f"layer {place}")
        for place, plot in enumerate(plots, 1)
    ]
    tabs = Tabs(tabs=panels, sizing_mode="stretch_width")
    if not names:
        return column(tabs, sizing_mode="stretch_width")
    links = sum(len(one.weight) for one in layers)
    controls = _controls(links, names, table, list(sources), list(filters))
    return column(*controls, tabs, sizing_mode="stretch_width")


def _layer(links: Links, names: Sequence[str]) -> tuple[Any, ColumnDataSource, Any]:
    """Draw one layer; give its plot, its links and what chooses among them."""
    neurons = _neurons(links)
    shown = _sample(len(links.weight))
    lines: dict[str, np.ndarray] = {  # small types, for they make most of the page
        "x0": neurons["x"][links.source[shown]].astype(np.float32),
        "x1": neurons["x"][links.target[shown]].astype(np.float32),
        "positive": (links.weight[shown] >= 0).astype(np.uint8),
    }
    for name in names:
        lines[name] = (_rank(links, name)[shown] * _STEPS).astype(np.uint16)
    source, kept = ColumnDataSource(lines), BooleanFilter()
    signs = LinearColorMapper(_SIGNS, low=0, high=1)
    plot = _plot("links: orange positive, blue negative", height=420)
    plot.segment(
        "x0", 0, "x1", 1, source=source, line_width=0.7,
        line_color={"field": "positive", "transform": signs},
        line_alpha=float(np.clip(600 / max(shown.size, 1), 0.08, 0.7)),
        view=CDSView(filter=kept),
    )  # fmt: skip
    dots = plot.scatter(
        "x", "y", size="size", color="#333", alpha=0.6, source=neurons["source"]
    )
    tips = [("neuron", "@neuron"), ("degree", "@degree"), _STRENGTH]
    plot.add_tools(HoverTool(renderers=[dots], tooltips=tips))
    plot.yaxis.ticker = [0, 1]
    sides = (f"{links.sizes[0]} sources", f"{links.sizes[1]} targets")
    plot.yaxis.major_label_overrides = dict(enumerate(sides))
    plot.xaxis.visible = False
    return plot, source, kept


def pixel_view(links: Links) -> Any:
    """Make a view of the degrees of pixels in a layer of square images.

    Raises
    ------
    InputError
        The image is not square.
    """
    pixels = links.sizes[0]
    side = image_side(pixels)
    degree = np.bincount(links.source, minlength=pixels)
    strength = np.bincount(links.source, np.abs(links.weight), minlength=pixels)
    colors = LinearColorMapper("Viridis256", low=0, high=max(int(degree.max()), 1))
    plot = _plot("links of every pixel", height=380, match_aspect=True)
    data = {
        "column": np.arange(pixels) % side, "row": np.arange(pixels) // side,
        "degree": degree, "strength": strength.round(3),
    }  # fmt: skip
    plot.rect(
        "column", "row", 1, 1, source=ColumnDataSource(data), line_color=None,
        fill_color={"field": "degree", "transform": colors},
    )  # fmt: skip
    plot.y_range.flipped = True
    plot.axis.visible = False
    plot.add_layout(ColorBar(color_mapper=colors, width=10, title="degree"), "right")
    tips = [("row, column", "@row, @column"), ("degree", "@degree")]
    plot.add_tools(HoverTool(tooltips=[*tips, _STRENGTH]))
    return plot


def _plot(title: str, **about: Any) -> Any:
    plot = figure(
        title=title, tools=_TOOLS, toolbar_location="above",
        sizing_mode="stretch_width", **about,
    )  # fmt: skip
    plot.toolbar.logo = None
    plot.grid.visible = False
    plot.outline_line_color = None
    return plot


def _controls(
    links: int,
    names: list[str],
    table: pd.DataFrame,
    sources: list[ColumnDataSource],
    filters: list[BooleanFilter],
) -> list[Any]:
    """Make the choice of a removal, the slider, and the words that follow them."""
    measures = {
        name: label(name) for name in ("accuracy", "giant_component") if name in table
    }
    curves = {
        name: table[table["perturbation"] == name].groupby("fraction")[[*measures]]
        .mean().reset_index().to_dict("list")
        for name in names
    }  # fmt: skip
    order = Select(
        title="removed", value=names[0], options=[(one, label(one)) for one in names]
    )
    slider = Slider(title="fraction removed", start=0, end=1, step=0.01, value=0)
    intact = [
        f"{text} {curves[names[0]][key][0]:.1%}"
        for key, text in measures.items()
        if np.isfinite(curves[names[0]][key][0])
    ]
    words = "; ".join([f"{links:,} of {links:,} links left", *intact])
    left = Div(text=escape(words), css_classes=["left"])
    js = CustomJS(
        args={
            "sources": sources, "filters": filters, "steps": _STEPS,
            "curves": curves, "measures": measures,
            "order": order, "slider": slider, "left": left, "links": links,
        },
        code=_DAMAGE,
    )  # fmt: skip
    for control in (order, slider):
        control.js_on_change("value", js)
    return [order, slider, left]


def _neurons(links: Links) -> dict[str, Any]:
    """Place neurons in falling order of degree, and describe each."""
    total = sum(links.sizes)
    both = np.concatenate((links.source, links.target))
    weight = np.tile(np.abs(links.weight), 2)
    degree = np.bincount(both, minlength=total)
    strength = np.bincount(both, weight, minlength=total)
    x = np.empty(total)
    for part in (slice(links.sizes[0]), slice(links.sizes[0], total)):
        ranks = np.argsort(np.argsort(-degree[part], kind="stable"))
        x[part] = (ranks + 0.5) / max(ranks.size, 1)
    y = np.repeat((0.0, 1.0), links.sizes)
    first = np.concatenate([np.arange(one) for one in links.sizes])
    size = 2 + 6 * degree / max(degree.max(), 1)
    source = ColumnDataSource(
        {"x": x.astype(np.float32), "y": y.astype(np.uint8),
         "neuron": first.astype(np.uint32), "degree": degree.astype(np.uint32),
         "size": size.astype(np.float32), "strength": strength.astype(np.float32)}
    )  # fmt: skip
    return {"x": x, "y": y, "source": source}


def _sample(links: int) -> np.ndarray:
    """Choose links to show: all, or an even share of them."""
    if links <= MOST:
        return np.arange(links)
    return np.linspace(0, links - 1, MOST).round().astype(int)


def _rank(links: Links, name: str) -> np.ndarray:
    """Give the fraction at which each link goes."""
    size = np.abs(links.weight)
    if name == "random_links":
        order = stream(0, "view", name).permutation(size.size)
    else:
        order = np.argsort(-size if name == "strongest_links" else size, kind="stable")
    rank = np.empty(size.size)
    rank[order] = np.arange(size.size) / max(size.size, 1)
    return rank
