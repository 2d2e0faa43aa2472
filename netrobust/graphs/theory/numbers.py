"""Numbers that come into a theory, checked at its door."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError

Floats = NDArray[np.float64]


def share(name: str, value: Any) -> float:
    """Give a number from 0 to 1, or say that it is none."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not (number and 0 <= value <= 1):
        raise InputError(f"{name} must be a number in [0, 1]; got {value!r}")
    return float(value)


def positive(name: str, value: Any, zero: bool = True) -> float:
    """Give a finite number that is not negative, or not 0 either."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not (number and np.isfinite(value) and (value > 0 or (zero and value == 0))):
        least = "0 or larger" if zero else "larger than 0"
        raise InputError(f"{name} must be a finite number {least}; got {value!r}")
    return float(value)


def whole(name: str, value: Any, least: int) -> int:
    """Give a whole number that is not too small."""
    number = isinstance(value, Integral) and not isinstance(value, bool)
    if not (number and value >= least):
        raise InputError(f"{name} must be an integer, {least} or larger; got {value!r}")
    return int(value)


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
