"""Matrices by name as layers: which are weights, and whose biases the others are."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from igraph import Graph
from numpy.typing import NDArray

from netrobust.convert.matlab import Triplets
from netrobust.convert.scipy_matrices import from_triplets
from netrobust.core.errors import InputError

_BIAS = re.compile(r"(^|[._ ])(b|bias|biases|intercepts?)([._ ]?\d*)$", re.IGNORECASE)


def matrix_layers(
    found: Mapping[str, Triplets],
    masks: Mapping[str, Any] | None = None,
    order: Sequence[str] | None = None,
    transpose: bool | Sequence[str] = (),
) -> list[Graph]:
    """Make graphs of matrices of shape (inputs, outputs), with their biases.

    Parameters
    ----------
    found : mapping of str to tuple
        Shape, rows, columns and values by name. What has one dimension, or is called a
        bias, gives the biases of the matrix before it.
    masks : mapping of str to array_like, optional
        Of matrices, in their shape: 0 where there is no link.
    order : sequence of str, optional
        Names of the matrices in the order in which each layer feeds the next; no others
        are read. Without it they stand side by side.
    transpose : bool or sequence of str
        Names of matrices of shape (outputs, inputs); True for all.

    Raises
    ------
    InputError
        There is no matrix, or an array is neither weights nor biases.

    Examples
    --------
    >>> matrix = (2, 1), np.array([0]), np.array([0]), np.array([0.5])
    >>> matrix_layers({"w1": matrix})[0]["name"]
    'w1'
    """
    shaped, biases = _paired(found, transpose)
    cut = _masked(shaped, masks or {}, transpose)
    names = list(cut) if order is None else [order] if isinstance(order, str) else order
    graphs: list[Graph] = []
    depth = 0
    for name in names:
        if name not in cut:
            raise InputError(
                f"it has no matrix {name!r}; choose from: {', '.join(cut)}"
            )
        if graphs:
            before = graphs[-1]
            goes_on = order is not None and sum(before.vs["type"]) == cut[name][0][0]
            depth += 1 if goes_on else 2
        graph = from_triplets(cut[name], name, biases.get(name), depth)
        graph["name"] = name
        if graphs and goes_on:
            graph.vs[: cut[name][0][0]]["bias"] = before.vs.select(type=True)["bias"]
        graphs.append(graph)
    return graphs


def _paired(
    found: Mapping[str, Triplets], transpose: bool | Sequence[str]
) -> tuple[dict[str, Triplets], dict[str, NDArray[Any]]]:
    """Tell weights from biases, and say whose these are."""
    shaped: dict[str, Triplets] = {}
    biases: dict[str, NDArray[Any]] = {}
    for name, (shape, row, column, value) in found.items():
        flat = len(shape) == 1 or (
            len(shape) == 2 and 1 in shape and _BIAS.search(name)
        )
        if not flat:
            if len(shape) != 2:
                raise InputError(
                    "it must hold a sparse matrix of scipy, or matrices of 2 "
                    f"dimensions, one per layer; {name} has {len(shape)}"
                )
            if _turned(name, transpose):
                shape, row, column = shape[::-1], column, row
            shaped[name] = shape, row, column, value
            continue
        bias = np.zeros(max(shape))
        bias[row if len(shape) == 1 or shape[1] == 1 else column] = value
        mine = [one for one in shaped if shaped[one][0][1] == len(bias)]
        mine = [one for one in mine if one not in biases]
        same = [one for one in mine if _stem(one) == _stem(name)]
        if not mine:
            raise InputError(
                f"{name} in it has {len(bias)} numbers, as no matrix before it has "
                f"outputs; it must hold matrices of 2 dimensions; {name} has 1"
            )
        biases[(same or mine[-1:])[0]] = bias
    if not shaped:
        raise InputError("it holds no array of two dimensions")
    return shaped, biases


def _stem(name: str) -> str:
    """Give what the names of a matrix and of its biases have in common: a number."""
    numbers = re.findall(r"\d+", name)
    return numbers[-1] if numbers else _BIAS.sub("", name)


def _turned(name: str, transpose: bool | Sequence[str]) -> bool:
    if isinstance(transpose, bool):
        return transpose
    return name in ([transpose] if isinstance(transpose, str) else transpose)


def _masked(
    shaped: Mapping[str, Triplets],
    masks: Mapping[str, Any],
    transpose: bool | Sequence[str],
) -> dict[str, Triplets]:
    """Keep the links of each matrix that its mask has; those that weigh 0 are links."""
    cut = dict(shaped)
    for name, mask in masks.items():
        held = np.asarray(mask)
        if name in cut and _turned(name, transpose):
            held = held.T
        if name not in cut or held.shape != cut[name][0]:
            raise InputError(
                f"masks must name a matrix and have its shape; got {name!r} of shape "
                f"{held.shape}, and there are "
                f"{', '.join(f'{one} of {what[0]}' for one, what in cut.items())}"
            )
        shape, row, column, value = cut[name]
        dense = np.zeros(shape, value.dtype)
        dense[row, column] = value
        row, column = np.nonzero(held)
        cut[name] = shape, row, column, dense[row, column]
    return cut
