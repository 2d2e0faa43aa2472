"""Sequences of numbers that theories take, checked before anything is computed."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError
from netrobust.core.settings import share, whole

Floats = NDArray[np.float64]


def shares(name: str, values: Any, count: int) -> Floats:
    """Give one number from 0 to 1 for each of `count` places, or one for all."""
    if isinstance(values, Real):
        return np.full(count, share(name, values))
    array = np.asarray(values)
    if array.shape != (count,) or array.dtype.kind not in "biuf":
        raise InputError(
            f"{name} must be one number or {count} of them; got {values!r}"
        )
    return np.array([share(name, value) for value in array.astype(float).tolist()])


def layers(sizes: Sequence[int], density: ArrayLike) -> tuple[Floats, Floats]:
    """Give the sizes of the depths and the density of each layer between them."""
    found = [whole("each of the sizes", size, least=1) for size in sizes]
    if len(found) < 2:
        raise InputError(f"sizes must name two depths at least; got {sizes!r}")
    return np.array(found, float), shares("density", density, len(found) - 1)


def degree_sequence(name: str, degree: ArrayLike) -> NDArray[np.int64]:
    """Give the degrees of all neurons of a side."""
    array = np.asarray(degree)
    one_row = array.ndim == 1 and array.size and array.dtype.kind in "iu"
    if not one_row or (array < 0).any():
        raise InputError(
            f"{name} must hold one integer, 0 or larger, for every neuron; "
            f"got {degree!r}"
        )
    return array.astype(np.int64)
