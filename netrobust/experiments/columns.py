"""The columns of all tables of scores: one declaration feeds rows, checks and pages.

Keys stand on the left (`KEY_COLUMNS`), options of the perturbations that are numbers
follow, then the columns below in their order, then the measures of the graph.
"""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from netrobust.core.errors import InputError
from netrobust.stats.columns import KEY_COLUMNS, Column

_IMAGES = Column("images", "integer", "how many test images were scored")
_REMOVED = Column("removed", "number", "the share of links really removed")
_ACCURACY = Column(
    "accuracy", "number", "the share of these images that is answered right"
)
_LOSS = Column("loss", "number", "the mean cross-entropy in nats")
_MOVED = Column("moved", "number", "the share of links that the null model moved")

#: Of `percolate` and `compare`.
PERCOLATION = (
    _IMAGES,
    _REMOVED,
    _ACCURACY,
    _LOSS,
    _MOVED,
    Column("confidence", "number", "the mean probability of the answer that is given",
           only_with="details"),
    Column("ece", "number", "the expected calibration error", only_with="details"),
    Column("accuracy_CLASS", "number", "the accuracy of each class, from 0 on",
           only_with="details", pattern=r"accuracy_\d+"),
)  # fmt: skip

#: Of `percolate_module`: what `evaluate` gave stands in the middle.
MODULE = (
    _REMOVED,
    Column("reached", "number",
           "the share of all weights of the module that the layers hold"),
    Column("SCORE", "number", "what evaluate gave, by its names", pattern=".+"),
    _MOVED,
)  # fmt: skip

#: Of `percolate` and `compare` with graphs, which compute nothing.
GRAPH = (_REMOVED, _MOVED)

#: Of `attack`.
ATTACK = (
    Column("attack", "text", "what was done to the images"),
    Column("eps", "number", "its strength, in its own unit"),
    _IMAGES,
    _ACCURACY,
    _LOSS,
    Column("mean_distance", "number",
           "how far images were really moved, in the unit of ``eps``"),
)  # fmt: skip


def _regained(facts: Mapping[str, Any]) -> float:
    intact, after = facts["intact"], facts["after"]
    return (facts["accuracy"] - after) / (intact - after) if intact > after else nan


#: Of `recover`.
RECOVERY = (
    Column("mode", "text", "whether the topology is frozen or adaptive"),
    Column("epoch", "integer", "0 is after the damage, before any training"),
    _IMAGES,
    Column("links", "integer", "links of the hidden layers"),
    Column("intact", "number", "the accuracy before the damage"),
    _ACCURACY,
    _LOSS,
    Column("regained", "number",
           "the share of the lost accuracy that is back; NaN where none was lost",
           _regained),
)  # fmt: skip

#: The tables of scores, by the name they have in a run.
TABLES = {
    "percolation": PERCOLATION,
    "nulls": PERCOLATION,
    "retrained": PERCOLATION,
    "attacks": ATTACK,
    "recovery": RECOVERY,
}


def row(
    columns: Sequence[Column],
    facts: Mapping[str, Any],
    options: Mapping[str, float],
    scores: Mapping[str, float],
    measures: Mapping[str, float],
) -> dict[str, Any]:
    """Make one row of a table of scores.

    Parameters
    ----------
    columns : sequence of Column
    facts : mapping
        All that is known of the score, by name.
    options : mapping
        Options of the perturbation that are numbers.
    scores, measures : mapping
        What the network does, and what is left of its graph.

    Examples
    --------
    >>> facts = dict.fromkeys([*(key.name for key in KEY_COLUMNS), "removed"], 0)
    >>> facts |= {"reached": 1.0, "moved": 0.0}
    >>> cells = row(MODULE, facts, {"bits": 4}, {"top5": 0.9}, {"links": 7})
    >>> list(cells)[13:]
    ['bits', 'removed', 'reached', 'top5', 'moved', 'links']
    """
    known, cells = {**facts, **scores}, dict[str, Any]()
    for column in KEY_COLUMNS:
        cells |= column.cells(known, scores)
    cells |= options
    for column in columns:
        cells |= column.cells(known, scores)
    return cells | dict(measures)


def check_names(
    options: Sequence[str], measures: Sequence[str], columns: Sequence[Column]
) -> None:
    """Refuse, with InputError, options and measures that hide a column of a table."""
    taken = [column for column in (*KEY_COLUMNS, *columns) if column.pattern != ".+"]
    for kind, names in {"an option": options, "a measure": measures}.items():
        for name in names:
            if any(column.called(name) for column in taken) or (
                kind == "a measure" and name in options
            ):
                raise InputError(f"{kind} cannot be called {name!r}; rename yours")
