"""The engine of all sweeps: units with their keys, rows with their columns.

A kind of sweep says what its units are, how one is scored, and which columns its table
has; all else is here. The table is the same in any order of the units, on any number of
processes, and after an interruption.
"""

import pickle
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from functools import partial
from os.path import isfile
from typing import Any, ClassVar, NamedTuple, Self, TypeAlias

import pandas as pd

from netrobust.core.errors import InputError
from netrobust.core.own_functions import digests
from netrobust.experiments.columns import row
from netrobust.experiments.options import learns
from netrobust.experiments.plan import Plan, name_of, numbers_of, unit_key
from netrobust.graphs.perturb.scopes import asks_data
from netrobust.neural.network import Network
from netrobust.parallel.gather import Parts, Tick, gather
from netrobust.parallel.progress_bar import bars, silent
from netrobust.stats.columns import KEYS, Column

Unit: TypeAlias = tuple[Any, ...]


class Score(NamedTuple):
    """One scored network: what becomes a row.

    Attributes
    ----------
    fraction, replicate
        The keys that differ within a unit.
    scores : mapping
        What the network does.
    facts : mapping
        What else is known, from which columns take their values.
    measures : mapping
        What is left of the graph.
    """

    fraction: float
    replicate: int
    scores: Mapping[str, float]
    facts: Mapping[str, Any]
    measures: Mapping[str, float] = {}


@dataclass(frozen=True)
class Sweep(ABC):
    """What is done to every network, checked and ready to run.

    Attributes
    ----------
    plan : Plan
    networks : tuple of Network
    data : Dataset or None
        What networks are scored on; none for a module.
    """

    columns: ClassVar[tuple[Column, ...]]
    learns: ClassVar[bool] = False  # whether units train on all images

    plan: Plan
    networks: tuple[Network, ...]
    data: Any

    @property
    def stage(self) -> str:
        """What its progress is called."""
        if any(self.plan.fractions):
            return "percolation"
        drawn = any(name_of(one) != "none" for one in self.plan.null_models)
        return "null models" if drawn else "intact"

    @abstractmethod
    def units(self) -> Iterable[Unit]:
        """List the units of work."""

    @abstractmethod
    def key(self, unit: Unit) -> str:
        """Name a unit by what it is, with all settings that its rows depend on."""

    @abstractmethod
    def scored(self, unit: Unit) -> Iterator[Score]:
        """Score all networks of a unit: visible loops."""

    def null_model(self, unit: Unit) -> Any:
        """Give what the network of a unit is drawn from; None if it is itself."""
        return None

    def perturbation(self, unit: Unit) -> Any:
        """Give what damages the network of a unit; None if nothing does."""
        return self.plan.perturbations[0]

    def labels(self, unit: Unit) -> dict[str, Any]:
        """Give the keys of the network of a unit, which its first number places."""
        return {**self.networks[unit[0]].labels, "dataset": self.data.name}

    def members(self) -> tuple[Any, ...]:
        """Give the functions whose code the rows depend on."""
        plan = self.plan
        return *plan.measures, *plan.perturbations, *plan.null_models

    def called(self, name: str, unit: Unit, *settings: Any) -> str:
        """Make a key of a name, a unit's network, the data, settings and own code."""
        network, code = self.networks[unit[0]], digests(*self.members())
        return unit_key(name, network, self.data, *settings, *code)

    def table(self, unit: Unit) -> pd.DataFrame:
        """Do a unit: a row for every scored network."""
        perturbation = self.perturbation(unit)
        options = {} if perturbation is None else numbers_of(perturbation)
        facts = {
            **self.labels(unit),
            "null_model": name_of(self.null_model(unit)),
            "perturbation": name_of(perturbation),
            "scope": self.plan.scope,
            "draw_seed": self.plan.seed,
            **self.plan.options,
        }
        rows = []
        for one in self.scored(unit):
            known = {"fraction": one.fraction, "replicate": one.replicate, **one.facts}
            about = {**facts, **known}
            rows.append(row(self.columns, about, options, one.scores, one.measures))
        return pd.DataFrame(rows)

    def shipped(self) -> Self:
        """Give what workers need: to score, no training images."""
        if self.learns or self.data is None or learns(self.plan.options):
            return self
        asked = any(map(asks_data, self.plan.perturbations))
        most = self.plan.training_images * asked
        return replace(self, data=replace(self.data, x_train=self.data.x_train[:most]))

    def run(
        self,
        jobs: int = 1,
        parts: Parts | None = None,
        tick: Tick | None = None,
        executor: Executor | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Do all units that are not done; give one table of all.

        Raises
        ------
        InputError
            Functions of the plan cannot be sent to other processes.
        UnfinishedError
            Units failed.
        """
        if jobs > 1 or executor is not None:
            self._check_importable()
        units = {self.key(unit): unit for unit in self.units()}
        with bars(False if tick else progress) as stages, silent():
            tables = gather(
                _table, units, jobs, self.shipped(), executor=executor, parts=parts,
                tick=tick or partial(stages, self.stage),
            )  # fmt: skip
        table = pd.concat(tables, ignore_index=True)
        options = [name for one in self.plan.perturbations for name in numbers_of(one)]
        first = [*KEYS, *(one for one in dict.fromkeys(options) if one in table)]
        return table[[*first, *(name for name in table.columns if name not in first)]]

    def _check_importable(self) -> None:
        own = [one for one in fields(self) if one.name not in ("networks", "data")]
        script = getattr(sys.modules["__main__"], "__file__", None)
        try:
            packed = pickle.dumps([getattr(self, one.name) for one in own])
            if b"__main__" in packed and not isfile(script or ""):
                raise TypeError("they were typed in, as in a notebook")
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise InputError(
                f"with several jobs your own functions must be importable ({error}); "
                "define them at the top of a module or use one job"
            ) from None


def _table(unit: Unit, sweep: Sweep) -> pd.DataFrame:
    return sweep.table(unit)
