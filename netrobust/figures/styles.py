"""Styles of all figures: labels, colours, line styles, markers and order.

A hue keeps its colour, line and marker in every figure, so a reader learns them once.
The colours are those of Okabe and Ito, told apart with any colour vision, and three
more that keep their distance from these; lines and markers differ as well, so a grey
print reads the same.

A method with options or a start of its own, such as ``set(prune=random)`` or
``cht@small_world``, is a variant of its family, the part before bracket and ``@``.
"""

import re
from collections.abc import Hashable, Iterator, Mapping
from itertools import cycle
from typing import Any

import pandas as pd

from netrobust.core.errors import InputError, shown
from netrobust.figures.restyle import recoloured
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.graphs.perturb.reweight import Reweighting
from netrobust.stats.columns import require_columns

# Labels; their order is that of lines, categories and legends.
LABELS = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "mnist-5k": "MNIST-5k",
    "dense": "dense",
    "dense_small": "small dense, one hidden layer",
    "dense_narrow": "small dense, same depth",
    "static": "static",
    "set": "SET",
    "rigl": "RigL",
    "mest": "MEST",
    "deep_r": "DEEP R",
    "cht": "CHT",
    "chts": "CHTs",
    "none": "trained",
    "shuffle_all": "weights shuffled",
    "shuffle_by_sign": "shuffled by sign",
    "shuffle_by_source": "shuffled by source",
    "shuffle_by_target": "shuffled by target",
    "shuffle_by_sign_and_source": "shuffled by sign and source",
    "shuffle_by_sign_and_target": "shuffled by sign and target",
    "signed_degree_preserving": "signed degrees preserved",
    "degree_preserving_by_source": "degrees and out-strengths preserved",
    "degree_preserving_by_target": "degrees and in-strengths preserved",
    "degree_preserving": "degrees preserved",
    "maximum_entropy": "maximum entropy (mean degrees)",
    "erdos_renyi": "Erdős\N{EN DASH}Rényi",
    "random_links": "random links",
    "strongest_links": "strongest links",
    "weakest_links": "weakest links",
    "strongest_positive_links": "strongest positive",
    "strongest_negative_links": "strongest negative",
    "links_by_betweenness": "by betweenness",
    "links_by_degree_product": "by degree product",
    "links_by_path_count": "by path count",
    "links_by_saliency": "by saliency",
    "greedy_links": "greedy",
    "random_neurons": "random neurons",
    "random_pixels": "random pixels",
    "fgsm": "FGSM",
    "pgd": "PGD",
    "gaussian_noise": "Gaussian noise",
    "frozen": "frozen topology",
    "adaptive": "adaptive topology",
    "eps": "eps (of pixel values in [0, 1])",
    "robustness": "robustness (area)",
    "gap": "functional-structural gap",
    "giant_component": "giant component",
    "reach": "reach",
    "in": "in-degree",
    "out": "out-degree",
    "accuracy": "test accuracy",
    "train_accuracy": "training accuracy",
    "fraction": "fraction of links removed",
    "degree": "degree $k$ (links of a neuron)",
    "ccdf": "$P(K \\geq k)$",
    "f50": "$f_{50}$",
    "strength": "strength (sum of $|w|$ of a neuron)",
    "itop": "places ever tried (ITOP)",
    "survival": "first links present",
    "active_neurons": "active hidden neurons",
    "active_sources": "active neurons before the layer",
    "active_targets": "active neurons behind the layer",
    "paths": "paths from pixels to the head",
    "alignment": "degree alignment",
    "removed": "links removed",
    "grown": "links grown",
    "returned": "removed links grown again at once",
}
# Options of methods that have a name; others are read as they stand.
_OPTIONS = {
    "cht_benchmark": "CHT benchmark",
    "em_s=True": "EM&S",
    "removal=RI": "RI",
    "removal=WM": "WM",
    "recompute=True": "recomputed",
}
_FRACTIONS = {
    "links": LABELS["fraction"],
    "neurons": "fraction of neurons removed",
    "pixels": "fraction of pixels removed",
}
_VARIANT = re.compile(r"(\w+)(?:\((.+?)\))?(?:@(\w+(?:\(.+\))?))?")

_HUE_STYLES = {  # colour, line, marker
    "dense": ("#000000", "-", "s"),
    "dense_small": ("#555555", "--", "D"),
    "dense_narrow": ("#999999", "-.", "^"),
    "static": ("#0072B2", "--", "v"),
    "set": ("#D55E00", "-", "o"),
    "static@correlated": ("#9030F0", ":", "d"),  # the control of what SET starts from
    "set@correlated": ("#E69F00", "-.", "h"),
    "rigl": ("#009E73", (0, (5, 1)), ">"),
    "mest": ("#CC79A7", "-.", "P"),
    "deep_r": ("#E69F00", ":", "X"),
    "cht": ("#56B4E9", (0, (3, 1, 1, 1, 1, 1)), "<"),
    "chts": ("#332288", "-", "*"),
    "chts(removal=RI)": ("#661100", (0, (1, 1)), "p"),  # stands beside it often
    "none": ("#000000", "-", "o"),
    "shuffle_all": ("#E69F00", "--", "s"),
    "shuffle_by_sign": ("#CC79A7", "-.", "D"),
    "degree_preserving": ("#009E73", ":", "^"),
    "erdos_renyi": ("#56B4E9", (0, (5, 1)), "v"),
    "random_links": ("#0072B2", "-", "o"),
    "random_links with head": ("#0072B2", "--", "s"),  # of the claims
    "strongest_links": ("#D55E00", "--", "v"),
    "weakest_links": ("#009E73", "-.", "^"),
    "strongest_positive_links": ("#CC79A7", ":", "D"),
    "strongest_negative_links": ("#E69F00", (0, (5, 1)), "<"),
    "links_by_betweenness": ("#56B4E9", (0, (3, 1, 1, 1, 1, 1)), "P"),
    "links_by_betweenness(recompute=True)": ("#000000", "-", "X"),
    "links_by_degree_product": ("#661100", (0, (1, 1)), "p"),
    "links_by_path_count": ("#9030F0", (0, (7, 1, 1, 1)), "d"),
    "links_by_saliency": ("#332288", "-.", "*"),
    "greedy_links": ("#777777", (0, (2, 1)), ">"),
    "giant_component": ("#000000", "-", ""),  # beside accuracies, which have markers
}
_SPARE = (  # for values without a style of their own, such as layers
    ("#0072B2", "-", "o"),
    ("#D55E00", "--", "s"),
    ("#009E73", "-.", "^"),
    ("#CC79A7", ":", "D"),
    ("#E69F00", (0, (5, 1)), "<"),
    ("#56B4E9", (0, (3, 1, 1, 1, 1, 1)), "P"),
    ("#000000", "-", "X"),
    ("#661100", (0, (1, 1)), "p"),
    ("#9030F0", (0, (7, 1, 1, 1)), "d"),
)
_LINES = ("-", "--", ":", "-.")


def label(value: object) -> str:
    """Give the label of a value of a table, for people to read.

    Examples
    --------
    >>> label("fashion-mnist"), label("giant_component"), label(3)
    ('Fashion-MNIST', 'giant component', '3')
    >>> label("mest(em_s=True)"), label("cht@small_world(beta=0.5)")
    ('MEST (EM&S)', 'CHT from small world (beta 0.5)')
    """
    if str(value) in LABELS:
        return LABELS[str(value)]
    text = str(value).replace("$", r"\$")  # a dollar sign begins no formula
    parts = _VARIANT.fullmatch(text)
    if parts is None:
        return text.replace("_", " ")
    family, options, start = parts.groups()
    words = LABELS.get(family, family.replace("_", " "))
    if options:
        words += f" ({', '.join(map(_option, options.split(',')))})"
    return f"{words} from {label(start)}" if start else words


def axis_label(table: pd.DataFrame, x: str) -> str:
    """Give the label of the horizontal axis; of a fraction it says of what.

    Examples
    --------
    >>> axis_label(pd.DataFrame({"perturbation": ["random_neurons"]}), "fraction")
    'fraction of neurons removed'
    """
    if x != "fraction" or "perturbation" not in table:
        return label(x)
    kinds = {_acts_on(str(name)) for name in table["perturbation"].unique()}
    words = {_FRACTIONS.get(kind or "", "fraction of damage") for kind in kinds}
    return words.pop() if len(words) == 1 else "fraction of damage"


def _acts_on(perturbation: str) -> str | None:
    """Say what goes with a fraction; nothing does where weights change."""
    if perturbation not in PERTURBATIONS:
        return None
    member = PERTURBATIONS[perturbation]
    return None if isinstance(member, Reweighting) else member.acts_on


def _option(text: str) -> str:
    return _OPTIONS.get(text) or re.sub("[_=]", " ", text.removesuffix("=True"))


def _family(value: Any) -> Any:
    """Give the method that a variant belongs to; anything else is its own family."""
    parts = _VARIANT.fullmatch(value) if isinstance(value, str) else None
    return parts[1] if parts else value


def ordered(values: pd.Series) -> list[Any]:
    """Give the distinct values in the order of `LABELS`, others behind as they come.

    Variants stand behind their method, in the order of their names.

    Examples
    --------
    >>> ordered(pd.Series(["mine", "set(prune=random)", "rigl", "static", "set"]))
    ['static', 'set', 'set(prune=random)', 'rigl', 'mine']
    """
    rank = {name: place for place, name in enumerate(LABELS)}

    def key(value: Any) -> tuple[int, str]:
        family = _family(value)
        variant = "" if family == value or family not in rank else str(value)
        return rank.get(family, len(rank)), variant

    return sorted(values.unique(), key=key)


def hue_styles(values: list[Any]) -> dict[Any, dict[str, Any]]:
    """Give colour, line and marker for each value, the same in every company.

    A variant has the style of its method where that is not shown itself. The colours
    are those of the palette in use, see `style`.

    Examples
    --------
    >>> hue_styles(["set", "mine"])["set"]
    {'color': '#D55E00', 'linestyle': '-', 'marker': 'o'}
    >>> hue_styles(["set(cht_benchmark)"])["set(cht_benchmark)"]["color"]
    '#D55E00'
    """
    if odd := [one for one in values if not isinstance(one, Hashable)]:
        raise InputError(f"a hue must be a name or a number; got {shown(odd[0])}")
    heads = {value: value for value in values if value in _HUE_STYLES}
    for value in values:
        if value not in heads and _family(value) in _HUE_STYLES:
            heads.setdefault(_family(value), value)
    found = {value: _HUE_STYLES[family] for family, value in heads.items()}
    colors = {one[0] for one in found.values()}
    markers = {one[2] for one in found.values()}
    # Spares that clash with nothing come first; sorting keeps the others in reserve.
    free = sorted(_SPARE, key=lambda one: (one[0] in colors, one[2] in markers))
    spare = cycle(free)
    names = ("color", "linestyle", "marker")
    whole = {value: found.get(value) or next(spare) for value in values}
    return {
        value: dict(zip(names, (recoloured(value, color), *rest), strict=True))
        for value, (color, *rest) in whole.items()
    }


def groups(
    table: pd.DataFrame,
    x: str,
    hue: str | None = None,
    style: str | None = None,
    names: Mapping[Any, str] | None = None,
) -> Iterator[tuple[Any, dict[str, Any], str | None, pd.DataFrame]]:
    """Yield the value of `hue`, the style, the label and the rows of each line."""
    parts = [name for name in (hue, style) if name is not None]
    require_columns(table, [x, *parts, "mean", "low", "high"])
    if table.duplicated([x, *parts]).any():
        raise InputError(
            f"several rows have the same {', '.join([x, *parts])}; select one of "
            "them first, or name what tells them apart as hue"
        )
    hues = ordered(table[hue]) if hue else [None]
    styles = ordered(table[style]) if style else [None]
    for value, own_style in hue_styles(hues).items():
        kinds = table.loc[table[hue] == value, style].nunique() if hue and style else 0
        for place, kind in enumerate(styles):
            rows = table
            if hue:
                rows = rows[rows[hue] == value]
            if style:
                rows = rows[rows[style] == kind]
                own_style = own_style | {"linestyle": _LINES[place % len(_LINES)]}
                own_style["markerfacecolor"] = "white" if place else own_style["color"]
            text = (names or {}).get(value, label(value)) if hue else None
            if style and not text:
                text = label(kind)
            elif style and (place or kinds > 1):  # the only and first goes unsaid
                text = f"{text} ({label(kind)})"
            if len(rows):
                yield value, own_style, text, rows
