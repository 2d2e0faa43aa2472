"""Made-up tables of a run, in the shape of real ones, and the figures drawn of them.

`quick` holds what the quick preset gives; `suite` what the damage suite gives, with
numbers so simple that what an analysis makes of them follows by hand.
"""

import re
from functools import cache
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

import netrobust as nr
from netrobust.core.errors import InputError
from netrobust.studies.gallery import ANALYSES, analysis

DATASETS = {"mnist": 0.97, "fashion-mnist": 0.87}
SPARSE = ("static", "set")
SMALL = ("dense_small", "dense_narrow")
WEIGHT = {"dense": 1.01, "set": 1.0, "static": 0.99, "dense_small": 0.985}
NULLS = ("shuffle_all", "shuffle_by_sign", "degree_preserving", "erdos_renyi")


def labels(dataset, sparsifier, seed):
    return {
        "network": f"{dataset}-{sparsifier}-s{seed}",
        "dataset": dataset,
        "sparsifier": sparsifier,
        "width": {"dense_small": 48, "dense_narrow": 43}.get(sparsifier, 1000),
        "sparsity": 0.99 if sparsifier in SPARSE else 0.0,
        "network_seed": seed,
    }


def networks(sparsifiers, seeds=2):
    """Labels and intact accuracy of the networks of the quick preset."""
    for (dataset, level), name, seed in product(
        DATASETS.items(), sparsifiers, range(seeds)
    ):
        accuracy = level * WEIGHT.get(name, 0.975) + 0.002 * seed
        yield labels(dataset, name, seed), accuracy


GRID = (0, 0.01, 0.02, 0.03, 0.05, *np.arange(1, 11) / 10)


def nonsense(keys, null):
    """Complete layers have no topology to randomise, so runs hold no such rows."""
    return keys["sparsifier"] in SMALL and null in ("degree_preserving", "erdos_renyi")


def history(epochs=10):
    rows = []
    runs = [(one, epochs) for one in networks((*SPARSE, *SMALL))]
    runs += [(one, 2) for one in networks(("dense",), seeds=1)]
    for (keys, accuracy), length in runs:
        for epoch in range(1, length + 1):
            test = accuracy * (1 - 0.1 * np.exp(-epoch / 3))
            rows.append({**keys, "epoch": epoch, "learning_rate": 0.025, "loss": 0.1})
            rows[-1] |= {"train_accuracy": test + 0.01, "test_accuracy": test}
    return pd.DataFrame(rows)


def percolation(replicates=3):
    rows = []
    half = {"random_links": 0.5, "strongest_links": 0.2, "weakest_links": 0.8}
    for (keys, intact), null, perturbation, fraction, replicate in product(
        networks((*SPARSE, *SMALL)),
        ("none", "degree_preserving"),
        half,
        GRID,
        range(replicates),
    ):
        if nonsense(keys, null):
            continue
        top = intact if null == "none" else 0.2
        fall = 1 / (1 + np.exp(12 * (fraction - half[perturbation])))
        shift = 0.02 * replicate * fraction * (1 - fraction)
        rows.append(
            keys
            | {"null_model": null, "perturbation": perturbation, "scope": "per_layer"}
            | {"fraction": fraction, "removed": fraction, "replicate": replicate}
            | {"draw_seed": 0, "accuracy": 0.1 + (top - 0.1) * fall + shift}
            | {"loss": 2.3 - 2 * fall, "moved": 0.0 if null == "none" else 0.99}
            | {"giant_component": (1 - fraction**6) * 0.99, "reach": 1 - fraction**5}
        )
    return pd.DataFrame(rows)


def nulls(replicates=5):
    rows = []
    kept = dict(zip(("none", *NULLS), (1, 0.2, 0.8, 0.05, 0.02), strict=True))
    for (keys, intact), (null, share) in product(
        networks((*SPARSE, *SMALL)), kept.items()
    ):
        if nonsense(keys, null):
            continue
        for replicate in range(1 if null == "none" else replicates):
            accuracy = 0.1 + (intact - 0.1) * share + 0.01 * replicate * (share < 1)
            rows.append(
                keys
                | {"null_model": null, "perturbation": "none", "scope": "per_layer"}
                | {"fraction": 0.0, "removed": 0.0, "replicate": replicate}
                | {"draw_seed": 0, "accuracy": accuracy, "loss": 1.0, "moved": 0.5}
            )
    return pd.DataFrame(rows)


def degrees():
    """Degrees of random layers; those of SET also have a few neurons of many links."""
    rng = np.random.default_rng(0)
    tables = []
    shape = {"1": (784, 1000), "2": (1000, 1000), "3": (1000, 1000)}
    for (keys, _), (layer, sizes), side in product(
        networks(SPARSE), shape.items(), ("in", "out")
    ):
        own, other = sizes[::-1] if side == "in" else sizes
        law = hypergeom(own * other, other, own * other // 100)
        drawn = law.rvs(own, random_state=rng)
        if keys["sparsifier"] == "set":
            drawn[:30] += rng.integers(5, 30, size=30)
        degree = np.arange(max(drawn.max() + 1, 45))
        count = np.bincount(drawn, minlength=len(degree))
        table = {"degree": degree, "count": count, "expected": own * law.pmf(degree)}
        tables.append(pd.DataFrame({**keys, "layer": layer, "side": side, **table}))
    return pd.concat(tables, ignore_index=True)


def measures():
    """Indices of dispersion; those of whole networks and dense layers go unused."""
    rows = []
    for (keys, _), layer in product(networks((*SPARSE, *SMALL)), ("1", "2", "all")):
        excess = 0.1 * keys["network_seed"] if keys["sparsifier"] == "set" else 0.0
        index = np.nan if keys["sparsity"] == 0 else 1 + excess
        rows.append(
            keys
            | {"layer": layer, "links": 10_000.0}
            | {"in_degree_dispersion": index, "out_degree_dispersion": 2 * index}
        )
    third = [{**row, "layer": "3"} for row in rows if row["layer"] == "2"]
    return pd.DataFrame(rows + third)


SURVIVAL = {"static": 1.0, "set": 0.9, "rigl": 0.95}


def dynamics(epochs=10):
    """Shares of places and links; layers and networks differ in those of neurons."""
    rows = []
    for (keys, _), epoch, layer in product(
        networks(tuple(SURVIVAL)), range(1, epochs + 1), (1, 2, 3)
    ):
        name, seed = keys["sparsifier"], keys["network_seed"]
        places = 784_000 if layer == 1 else 1_000_000
        active = 1 - 0.03 * 2**layer - 0.1 * seed * (name == "rigl")
        rows.append(
            keys
            | {"sparsity": 0.99, "epoch": epoch, "layer": layer}
            | {"links": places // 100, "itop": 0.01 + 0.003 * (epoch - 1)}
            | {"active_sources": 0.5, "active_targets": active, "paths": 1e5}
            | {"survival": SURVIVAL[name] ** (epoch - 1) - 0.001 * layer}
            | {"alignment": np.nan, "removed": 300, "grown": 300, "returned": 1}
        )
    return pd.DataFrame(rows)


def receptive_fields(epochs=(0, 5, 10), pixels=784):
    """Even maps, but for RigL, whose links gather in the upper half."""
    tables = []
    for (keys, _), epoch in product(networks(("static", "set", "rigl")), epochs):
        upper = np.arange(pixels) < pixels / 2
        degree = (
            10 + keys["network_seed"] + epoch * upper * (keys["sparsifier"] == "rigl")
        )
        table = {"epoch": epoch, "pixel": np.arange(pixels), "degree": degree}
        tables.append(pd.DataFrame({**keys, **table, "strength": degree / 7}))
    return pd.concat(tables, ignore_index=True)


# The damage suite: eight networks of each of three methods

METHODS = ("static", "set", "dense_narrow")
SEEDS = 8
STEPS = (0, 0.25, 0.5, 1)
# What is left of the height above chance, at 0.25 and at 0.5.
ORDERS = {
    "random_links": (0.9, 0.6),
    "strongest_links": (0.5, 0.2),
    "weakest_links": (1.0, 0.8),
    "links_by_degree_product": (0.4, 0.3),
    "links_by_betweenness(recompute=True)": (0.6, 0.3),
    "greedy_links": (0.7, 0.4),
}
SITES = {
    "random_neurons": (0.8, 0.5),
    "neurons_by_degree": (0.6, 0.2),
    "random_pixels": (0.9, 0.7),
    "pixels_by_degree": (0.7, 0.3),
}
EVERY = tuple(name for name in nr.NULL_MODELS if name != "maximum_entropy")
GIANT = {0: 0.8, 0.25: 0.78, 0.5: 0.6, 1: 0.0}


def site_area(shares):
    """Area under the line through 1, the two shares, and 0 at the `STEPS`."""
    early, late = shares
    return 0.125 + 0.25 * early + 0.375 * late


def raised(keys):
    """By how much the height at 0.5 differs between networks: seed by seed, and more.

    Static networks lie 0.1 or 0.12 lower than those of SET, dense ones 0.02 higher and
    lower in turn.
    """
    seed, name = keys["network_seed"], keys["sparsifier"]
    shift = {"static": -0.1 - 0.02 * (seed % 2), "dense_narrow": 0.02 * (-1) ** seed}
    return 0.01 * seed + shift.get(name, 0.0)


def damage(keys, null="none", perturbation="none", fraction=0.0, retrained=False):
    """The keys of a row, with one draw."""
    here = {"null_model": null, "retrained": retrained, "perturbation": perturbation}
    here |= {"scope": "per_layer", "fraction": float(fraction)}
    return keys | here | {"replicate": 0, "draw_seed": 0}


def suite_percolation():
    rows = []
    removals = {**ORDERS, **SITES, "gaussian_noise": (1.0, 1.0)}
    for (keys, intact), name, fraction, replicate in product(
        networks(METHODS, SEEDS), removals, STEPS, (0, 1)
    ):
        early, late = removals[name]
        share = {0: 1, 0.25: early, 0.5: late + raised(keys), 1: 0}[fraction]
        draw = 0.01 * (2 * replicate - 1) * (0 < fraction < 1)  # cancels in the mean
        keys = damage(keys, "none", name, fraction) | {"replicate": replicate}
        rows.append(
            keys
            | {"images": 200, "removed": fraction, "moved": 0.0, "loss": 1.0}
            | {"accuracy": 0.1 + (intact - 0.1) * share + draw}
            | {"giant_component": GIANT[fraction], "reach": 0.9 * (1 - fraction**2)}
            | {"paths": 1e6 * (1 - fraction) ** 3}
        )
    return pd.DataFrame(rows)


def suite_theory():
    """Predictions as exact as can be for the giant component, too low for reach."""
    rows = []
    for (keys, _), fraction in product(networks(("static", "set"), SEEDS), STEPS):
        rows.append(
            keys
            | {"perturbation": "random_links", "fraction": float(fraction)}
            | {"giant_component": GIANT[fraction], "reach": 0.9 * (1 - fraction)}
            | {"paths": (1 - fraction) ** 3, "threshold": 0.95}
            | {"predicted_f50": 0.7 + 0.01 * keys["network_seed"]}
        )
    return pd.DataFrame(rows)


def suite_nulls():
    """The further down the hierarchy, the less skill is left."""
    rows = []
    share = dict(zip(EVERY, np.linspace(1, 0, len(EVERY)), strict=True))
    for (keys, intact), null in product(networks(METHODS, SEEDS), EVERY):
        if keys["sparsity"] == 0 and "degree" in null + "erdos_renyi_degree" * (
            null == "erdos_renyi"
        ):
            continue
        for replicate in range(1 if null == "none" else 2):
            accuracy = 0.1 + (intact - 0.1) * share[null]
            rows.append(damage(keys, null) | {"replicate": replicate, "images": 200})
            rows[-1] |= {"accuracy": accuracy, "loss": 1.0, "moved": 0.5}
    return pd.DataFrame(rows)


RETRAINED = {"none": 0.0, "degree_preserving": -0.01, "erdos_renyi": 0.02}


def suite_retrained():
    rows = []
    for (keys, intact), null in product(networks(("static", "set"), SEEDS), RETRAINED):
        rows.append(damage(keys, null, retrained=True) | {"images": 200, "moved": 0.0})
        rows[-1] |= {"accuracy": intact + RETRAINED[null], "loss": 0.1}
    return pd.DataFrame(rows)


EPS = (0.0, 0.1, 0.2)
STEEPNESS = {"fgsm": 3.0, "pgd": 4.0, "gaussian_noise": 0.5}


def suite_attacks():
    """Half of the height above chance is gone where the links are halved first."""
    rows = []
    for (keys, intact), name, fraction, eps in product(
        networks(METHODS, SEEDS), STEEPNESS, (0, 0.5), EPS
    ):
        height = (intact - 0.1) * (1 - STEEPNESS[name] * eps) * (1 - fraction)
        rows.append(damage(keys, "none", "random_links", fraction))
        rows[-1] |= {"attack": name, "eps": eps, "images": 100, "loss": 1.0}
        rows[-1] |= {"accuracy": 0.1 + height, "mean_distance": eps}
    return pd.DataFrame(rows)


REGAINED = {"frozen": (0.0, 0.5, 0.75), "adaptive": (0.0, 0.6, 0.9)}


def suite_recovery():
    """Half of the links cost half of the height; SET alone may move its links."""
    rows = []
    for (keys, intact), mode, fraction, epoch in product(
        networks(METHODS, SEEDS), REGAINED, (0.5, 0.9), (0, 1, 2)
    ):
        if mode == "adaptive" and keys["sparsifier"] != "set":
            continue
        lost = (intact - 0.1) * fraction
        share = REGAINED[mode][epoch]
        rows.append(damage(keys, "none", "random_links", fraction))
        rows[-1] |= {"mode": mode, "epoch": epoch, "images": 200, "links": 100}
        rows[-1] |= {"intact": intact, "accuracy": intact - lost * (1 - share)}
        rows[-1] |= {"loss": 1.0, "regained": share}
    return pd.DataFrame(rows)


# One for every seed; ranks differ by 28 in squares, so the correlation is 2/3.
MIXED = (3, 0, 4, 1, 2, 7, 5, 6)


def suite_measures():
    """Measures that rise and fall with the seed, that go their own way, and constants.

    That of complete layers is undefined where it is of a degree.
    """
    rows = []
    for (keys, _), layer in product(networks(METHODS, SEEDS), ("1", "2", "3", "all")):
        seed, dense = keys["network_seed"], keys["sparsity"] == 0
        known = 1.0 if layer == "all" else -1.0  # layers alone tell otherwise
        rows.append(
            keys
            | {"layer": layer, "links": 10_000.0, "reach": 0.5 + known * 0.01 * seed}
            | {"in_degree_dispersion": np.nan if dense else 2 - known * 0.1 * seed}
            | {"modularity": 0.1 * MIXED[seed], "nestedness": np.nan}
        )
    return pd.DataFrame(rows)


def suite_history():
    """Methods differ by nothing but their level."""
    rows = []
    for (keys, intact), epoch in product(networks(METHODS, SEEDS), (1, 2)):
        rows.append(keys | {"epoch": epoch, "learning_rate": 0.025, "loss": 0.1})
        rows[-1] |= {"train_accuracy": 1.0, "test_accuracy": intact}
    return pd.DataFrame(rows)


def suite_training():
    """Untrained networks know nothing; a trained one loses half of what it knows."""
    rows = []
    removals = "random_links", "strongest_links"
    for (keys, intact), name, epoch, fraction in product(
        networks(METHODS, SEEDS), removals, (0, 10, 100), (0, 0.5, 1)
    ):
        known = (intact - 0.1) * (epoch > 0) * (1 - fraction)
        rows.append(damage(keys, "none", name, fraction) | {"epoch": epoch})
        rows[-1] |= {"images": 200, "accuracy": 0.1 + known, "loss": 1.0}
    return pd.DataFrame(rows)


def suite_shuffles():
    """Half of the weights cost half of the height, by sign a quarter."""
    rows = []
    costs = {"shuffled_weights": 1.0, "shuffled_weights_by_sign": 0.5}
    for (keys, intact), name, fraction in product(
        networks(METHODS, SEEDS), costs, (0, 0.5, 1)
    ):
        left = (intact - 0.1) * (1 - costs[name] * fraction)
        rows.append(damage(keys, "none", name, fraction) | {"images": 200})
        rows[-1] |= {"accuracy": 0.1 + left, "loss": 1.0}
    return pd.DataFrame(rows)


class FakeRun:
    """A run whose tables are made up."""

    path = Path("made-up")
    only = None

    def __init__(self, settings=None, **made):
        self.settings = settings or {"training": {}}
        self.made = made
        self.read = set()

    def tables(self):
        return sorted(self.made)

    def table(self, name, *also):
        if name not in self.made:
            raise InputError(f"{self.path} has no table {name!r}")
        there = [name, *(one for one in also if one in self.made)]
        self.read.update(there)
        return pd.concat([self.made[one] for one in there], ignore_index=True)

    def having(self, **tables):
        """The same run with other tables; None takes one away."""
        made = {**self.made, **tables}
        left = {name: table for name, table in made.items() if table is not None}
        return FakeRun(self.settings, **left)

    def of(self, query):
        """The same run with the rows of few networks."""
        made = {name: table.query(query) for name, table in self.made.items()}
        return FakeRun(self.settings, **made)


@cache
def quick():
    """A run of the quick preset."""
    return FakeRun(
        history=history(),
        percolation=percolation(),
        nulls=nulls(),
        degrees=degrees(),
        measures=measures(),
        dynamics=dynamics(),
        receptive_fields=receptive_fields(),
    )


@cache
def suite():
    """A run of the damage suite."""
    return FakeRun(
        {"training": {}, "grid": {"sparsity": [0.99]}},
        attacks=suite_attacks(),
        curves_shuffles=suite_shuffles(),
        curves_training=suite_training(),
        history=suite_history(),
        measures=suite_measures(),
        nulls=suite_nulls(),
        percolation=suite_percolation(),
        recovery=suite_recovery(),
        retrained=suite_retrained(),
        theory=suite_theory(),
    )


def at_places(table, places):
    """Networks under random removal at every place in a grid of two settings."""
    own = table[table.perturbation == "random_links"]
    copies = []
    for place in places:
        name = ",".join(f"{field}={value}" for field, value in place.items())
        width = int(place.get("hidden", "1000").partition("-")[0])
        copies.append(
            own.assign(
                **{"width": width, **place},
                method=own.sparsifier,
                sparsifier=own.sparsifier + f"({name})",
                network=own.network + name,
            )
        )
    return pd.concat(copies, ignore_index=True)


def scanned(*places):
    """A run with a grid of settings, the tables of the suite at each place."""
    fields = {field: [place[field] for place in places] for field in places[0]}
    return FakeRun(
        {"training": {}, "grid": fields},
        percolation=at_places(suite_percolation(), places),
        theory=at_places(suite_theory(), places),
    )


@cache
def held_out(*decays):
    """A run of a grid of weight decays, scored on images held out of training."""
    table = suite_history().query("sparsifier in ['static', 'set']")
    names = table.dataset.str.replace("-", "_") + "_validation"
    copies = [
        table.assign(
            dataset=names,
            weight_decay=decay,
            method=table.sparsifier,
            sparsifier=table.sparsifier + f"(weight_decay={decay})",
            network=table.network + f"-{decay}",
            test_accuracy=table.test_accuracy - 0.01 * place * (table.epoch > 1),
        )
        for place, decay in enumerate(decays)
    ]
    settings = {"training": {}, "grid": {"weight_decay": list(decays)}}
    return FakeRun(settings, history=pd.concat(copies, ignore_index=True))


#: Analyses of what every run has; the others show the damage suite.
BASIC = (
    "learning", "accuracy", "dynamics", "receptive_fields", "percolation", "degrees",
    "shuffling",
)  # fmt: skip
SUITE = tuple(name for name in ANALYSES if name not in BASIC)


def source(name):
    """The run that has enough for an analysis."""
    if name == "scaling":
        return scanned({"hidden": "500-500-500"}, {"hidden": "1000-1000-1000"})
    if name == "tuning":
        return held_out(0.001, 0.01)
    return quick() if name in BASIC else suite()


def laid_out(name, table):
    """The figure of an analysis, as in print."""
    with nr.draw.style():
        figure = analysis(name).draw(table)
        figure.draw_without_rendering()
    return figure


@cache
def drawing(name):
    """Table and figure of an analysis; drawing leaves the table as it was."""
    table = analysis(name).compute(source(name))
    before = table.copy()
    figure = laid_out(name, table)
    pd.testing.assert_frame_equal(table, before)
    return table, figure


def lettered(figure):
    """Axes that show data; those of colour bars do not."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def said(figure, pattern):
    """Whether any words of a figure hold a pattern."""
    return any(re.search(pattern, words) for words, _ in texts(figure))


def texts(figure):
    """All visible words of a figure with their boxes."""
    found = []
    for ax in figure.axes:
        parts = [ax.xaxis.label, ax.yaxis.label, ax._left_title, ax.title]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if low <= tick.get_loc() <= high:
                    parts += [tick.label1, tick.label2]
        parts += ax.texts
        found += [one for one in parts if one.get_visible() and one.get_text().strip()]
    for legend in figure.legends:
        found += [*legend.get_texts(), legend.get_title()]
    return [(one.get_text(), one.get_window_extent()) for one in found]


def assert_no_overlap(figure):
    """No two words share a place, and none leaves the page."""
    words = texts(figure)
    for (one, box), (two, other) in combinations(words, 2):
        width = min(box.x1, other.x1) - max(box.x0, other.x0)
        height = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert width <= 0 or height <= 0, (one, two)
    for word, box in words:
        assert box.x0 >= 0, word
        assert box.y0 >= 0, word
        assert box.x1 <= figure.bbox.width, word
        assert box.y1 <= figure.bbox.height, word


def panel(figure, start):
    (ax,) = [ax for ax in figure.axes if ax.get_title(loc="left").startswith(start)]
    return ax


def line(ax, text):
    (one,) = [one for one in ax.lines if one.get_label() == text]
    return one


def thin(ax):
    """Lines that lie below those with marks."""
    return [one for one in ax.lines if one.get_zorder() == 1 and len(one.get_xdata())]


def over(table, **keys):
    """Rows over networks with these keys."""
    rows = table[table["network_seed"].isna()] if "network_seed" in table else table
    for key, value in keys.items():
        rows = rows[rows[key] == value]
    return rows
