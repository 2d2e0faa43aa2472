"""Grids of settings: fields of the training and the values of each."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeAlias

from netrobust.core.errors import InputError
from netrobust.core.settings import choice
from netrobust.neural.config import TrainConfig

Grid: TypeAlias = dict[str, tuple[Any, ...]]


def read_grid(value: Any) -> Grid | tuple[Grid, ...]:
    """Give a grid, or several, with tuples of values.

    Raises
    ------
    InputError
        A field has no list of values.

    Examples
    --------
    >>> read_grid({"zeta": [0.1, 0.3]})
    {'zeta': (0.1, 0.3)}
    """
    several = isinstance(value, list | tuple)
    found = []
    for one in value if several else [value]:
        whole = isinstance(one, Mapping) and all(
            isinstance(values, list | tuple) for values in one.values()
        )
        if not whole:
            raise InputError(
                "must give fields a list of values each, such as "
                "{ sparsity = [0.9, 0.99] }, or be a list of such grids"
            )
        found.append({str(field): tuple(values) for field, values in one.items()})
    return tuple(found) if several else found[0]


def grids(grid: Grid | tuple[Grid, ...]) -> tuple[Grid, ...]:
    """Give the grids of a study, one that has no field where it has none.

    Examples
    --------
    >>> grids({}), grids(())
    (({},), ({},))
    """
    return (grid,) if isinstance(grid, dict) else grid or ({},)


def check_fields(grid: Grid | tuple[Grid, ...], training: Mapping[str, Any]) -> None:
    """Refuse, with InputError, fields that cannot be scanned, or be given at all."""
    if "sparsifier" in training or training.get("options"):
        raise InputError(
            "name methods in sparsifiers, with their options, such as "
            "rigl(batches=50), not in training"
        )
    known = {one.name for one in fields(TrainConfig)} - {"sparsifier"}
    first = grids(grid)[0]
    for one in grids(grid):
        for field, values in one.items():
            choice("a field of the grid", field, sorted(known))
            if field in training or not values:
                raise InputError(
                    f"grid.{field} must have values, and the training of all methods "
                    "and of single ones must have none; got "
                    f"{list(values)} and {training.get(field, 'none')}"
                )
        if {*one} != {*first}:
            raise InputError(
                "grids of a list must have the same fields; got "
                f"{', '.join(first)} and {', '.join(one) or 'none'}"
            )
