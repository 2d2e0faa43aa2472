"""Claim: adaptive topology makes sparse networks accurate and robust, claim by claim.

The abstract of arXiv 2602.21961 claims competitive accuracy, and robustness to random
removal of links, to adversarial attack and to shuffled weights. Each is a difference
between two methods on networks of the same seeds. What a rule adds is told from what a
start adds: rules that begin at random links are compared with static random links,
those that begin at correlated links with static correlated links.

The network is the unit, removal orders are averaged within it. One comparison is the
primary one, named before the run: SET against static, area under random removal. It is
corrected after Holm over the data sets, all others in one family a claim. Margins
within which a difference is called none were named before the run, too.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("history", "percolation")
ALSO = ("curves_targeted", "curves_head", "curves_shuffles", "attacks")

FEWEST = 5
NEEDS = f"{FEWEST} networks of static and of SET"

PRIMARY = {
    "claim": "random removal", "measure": "random_links", "contrast": "set - static",
}  # fmt: skip

#: Method and what it is compared with.
CONTRASTS = (
    ("set", "static"),
    ("rigl(cht_benchmark)", "static"),
    ("mest(epochs=1,gradient_share=0.01)", "static"),
    ("chts(removal=RI)@erdos_renyi", "static"),
    ("static@correlated", "static"),
    ("set@correlated", "static@correlated"),
    ("cht", "static@correlated"),
    ("chts(removal=RI)", "static@correlated"),
    ("set", "dense_narrow"),
    ("set", "dense_small"),
)
#: Differences within it are called none.
MARGINS = {
    "accuracy": 0.002,
    "random removal": 0.02,
    "targeted removal": 0.02,
    "adversarial attack": 0.02,
    "shuffled weights": 0.02,
}
_ATTACKS = {"fgsm": 0.05, "pgd(restarts=2,steps=100)": 0.05, "gaussian_noise": 0.2}
_UNIT = ["dataset", "sparsifier", "network_seed"]


def shows(run: nr.Run) -> bool:
    """Return whether there are enough networks of the two methods of the primary test.

    Parameters
    ----------
    run : Run
    """
    table = run.table("percolation")
    counts = table.groupby("sparsifier").network_seed.nunique()
    return all(counts.get(method, 0) >= FEWEST for method in CONTRASTS[0])


def compute(run: nr.Run) -> pd.DataFrame:
    """Test every difference of every claim the run has tables for.

    Parameters
    ----------
    run : Run
        With the tables ``history`` and ``percolation``, and as far as it has them
        ``curves_targeted``, ``curves_head``, ``curves_shuffles`` and ``attacks``.

    Returns
    -------
    DataFrame
        What `paired_tests` gives per ``claim``, ``measure``, ``dataset`` and
        ``contrast``, ``sparsifier`` less ``against``, corrected within each ``family``,
        a claim or the primary comparison, with the margin and ``verdict``.
    """
    values = _values(run)
    sides = []
    for method, against in CONTRASTS:
        for role, name in (("method", method), ("against", against)):
            own = values[values.sparsifier == name]
            sides.append(own.assign(contrast=f"{method} - {against}", role=role))
    pairs = pd.concat(sides).drop(columns="sparsifier")
    by = ["claim", "measure", "dataset", "contrast", "family"]
    primary = (pairs[[*PRIMARY]] == pd.Series(PRIMARY)).all(axis=1)
    pairs = pairs.assign(family=pairs["claim"].mask(primary, "primary"))
    both = pairs.groupby(by)["role"].transform("nunique") == 2
    pairs = pairs[both]
    tests = nr.paired_tests(
        pairs, "score", "role", by, against="against", family="family"
    )
    within = [
        nr.paired_tests(
            own, "score", "role", by, against="against", margin=MARGINS[str(claim)]
        )
        for claim, own in pairs.groupby("claim")
    ]
    equal = pd.concat(within)[[*by, "margin", "p_equivalence"]]
    tests = tests.drop(columns=["role", "against", "value"]).merge(equal, on=by)
    return tests.assign(verdict=_verdicts(tests)).sort_values(by, ignore_index=True)


def _values(run: nr.Run) -> pd.DataFrame:
    """Give one score per claim, measure and network."""
    there = [name for name in (*READS, *ALSO) if name in run.tables()]
    tables = {name: run.table(name) for name in there}
    history = tables["history"].sort_values("epoch")
    last = history.groupby("network", as_index=False).last()
    found = [_scores(last, "accuracy", "accuracy", "test_accuracy")]
    for name, claim, measures in (
        ("percolation", "random removal", {"random_links": "random_links"}),
        ("percolation", "targeted removal", {"strongest_links": "strongest_links"}),
        ("curves_targeted", "targeted removal", None),
        ("curves_head", "random removal", {"random_links": "random_links with head"}),
        ("curves_shuffles", "shuffled weights", None),
    ):
        if name in tables:
            table = tables[name].query("null_model == 'none'")
            areas = nr.robustness(table)
            asked = measures or {one: one for one in areas.perturbation.unique()}
            for perturbation, measure in asked.items():
                own = areas[areas.perturbation == perturbation]
                found.append(_scores(own, claim, measure, "robustness"))
    if "attacks" in tables:
        for attack, eps in _ATTACKS.items():
            own = tables["attacks"].query("attack == @attack and eps == @eps")
            own = own[own.fraction == 0]
            measure = f"{attack} at {eps:g}"
            found.append(_scores(own, "adversarial attack", measure, "accuracy"))
    return pd.concat([one for one in found if len(one)], ignore_index=True)


def _scores(table: pd.DataFrame, claim: str, measure: str, value: str) -> pd.DataFrame:
    found = table[[*_UNIT, value]].rename(columns={value: "score"})
    return found.assign(claim=claim, measure=measure)


def _verdicts(tests: pd.DataFrame) -> list[str]:
    sure = tests.p_holm < 0.05
    found = np.select(
        [sure & (tests.difference > 0), sure, tests.p_equivalence < 0.05],
        ["higher", "lower", "none within the margin"],
        "undecided",
    )
    return [str(one) for one in found]


def draw(table: pd.DataFrame) -> Figure:
    """Draw every difference with its interval: a panel for each claim and data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    claims = [one for one in MARGINS if one in set(table.claim)]
    datasets = nr.draw.ordered(table.dataset)
    contrasts = [f"{a} - {b}" for a, b in CONTRASTS]
    rows = [_contrast(one) for one in contrasts if one in set(table.contrast)]
    measures = nr.draw.hue_styles(nr.draw.ordered(table.measure))
    styles = {_measure(one): style for one, style in measures.items()}
    shown = table.assign(
        row=table.contrast.map(_contrast),
        shown=table.measure.map(_measure),
        sure=table.verdict.isin(["higher", "lower"]),
    )
    figure, axes = nr.draw.panels(
        len(datasets), len(claims), nr.draw.DOUBLE, 1.4 + 0.3 * len(rows), sharey=True,
        sharex="col",
    )  # fmt: skip
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, claim in zip(line, claims, strict=True):
            own = shown[(shown.dataset == dataset) & (shown.claim == claim)]
            margin = MARGINS[claim]
            ax.axvspan(-margin, margin, color="0.92", zorder=0, lw=0)
            nr.draw.forest(ax, own, "row", "shown", "sure", rows, styles)
            ax.set_xscale("symlog", linthresh=margin, linscale=0.5)
            ticks = -5 * margin, 0, 5 * margin
            ax.set_xticks(
                ticks, [f"{one:g}".replace("-", "\N{MINUS SIGN}") for one in ticks]
            )
            ax.set_xticks([], minor=True)
            ax.set_xlabel("difference")
            ax.set_ylabel(nr.draw.label(dataset))
            ax.label_outer()
    for ax, claim in zip(axes[0], claims, strict=True):
        ax.set_title("\n".join(claim.split()))
    nr.draw.panel_letters(axes)
    marks = (
        "filled: p < 0.05;\nhollow: none within the grey margin, or undecided; axes: "
        "linear in the margin, logarithmic beyond"
    )
    nr.draw.legend(figure, title=f"{_note(table)}; {marks}")
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write claim, effect, interval, power and verdict as Markdown and as LaTeX.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.

    Returns
    -------
    dict of str to str
        Under the suffix of the file.
    """
    heads = (
        "claim", "measure", "data set", "difference of", "means", "difference (95%)",
        "n", "power at d = 0.5", "p", "p (Holm)", "verdict",
    )  # fmt: skip
    rows = [
        (
            row["claim"],
            _measure(row["measure"]),
            nr.draw.label(row["dataset"]),
            _contrast(row["contrast"]),
            f"{row['mean']:.4f}, {row['mean_against']:.4f}",
            f"{row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})",
            str(row["networks"]),
            f"{row['power']:.2f}",
            f"{row['p']:.4f}",
            f"{row['p_holm']:.3f}",
            row["verdict"],
        )
        for row in table.to_dict(orient="records")
    ]
    return nr.draw.text_table(heads, rows, _note(table).replace("\n", " "))


def _measure(text: str) -> str:
    what, at, strength = text.partition(" at ")
    return f"{nr.draw.label(what)}{at}{strength}"


def _contrast(text: str) -> str:
    method, _, against = text.partition(" - ")
    return f"{nr.draw.label(method)} less {nr.draw.label(against)}"


def _note(table: pd.DataFrame) -> str:
    pairs = nr.draw.counted(table.networks, "pair")
    bars = " or ".join(table.interval.unique())
    return (
        f"{pairs} of networks; {bars}; p corrected after Holm\nwithin a claim "
        "(SET less static under random removal: over data sets)"
    )
