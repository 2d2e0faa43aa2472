"""One study on its way into a run folder: what every stage of the main job is given."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from netrobust.core.own_functions import short
from netrobust.data.dataset import Dataset
from netrobust.data.load import load
from netrobust.experiments.measure import damageable
from netrobust.neural.network import Network
from netrobust.parallel.shard import Shard
from netrobust.runs.folder import Run
from netrobust.studies.study import Study
from netrobust.studies.task import Task

Tick = Callable[[str, int, int], None]  # stage, units done, units in all


@dataclass(frozen=True)
class Job:
    """A study on its way into a run folder.

    Attributes
    ----------
    study, run, jobs, folder, tick, executor
        As for `reproduce`; `folder` is where data files are looked for first.
    shard : Shard or None
        Whose networks are worked on; None for all.
    look : bool
        Do nothing, see what is missing.
    complete : bool
        Whether all networks could be trained.
    """

    study: Study
    run: Run
    jobs: int
    folder: Path | None
    tick: Tick
    executor: Executor | None = None
    shard: Shard | None = None
    look: bool = False
    complete: bool = True

    @property
    def whole(self) -> bool:
        """Whether tables come out, which are of all networks."""
        return self.shard is None and self.complete and not self.look

    def share(self, tasks: list[Task]) -> list[Task]:
        """Give the networks a shard trains and takes apart: its own, so it never waits.

        Every shard has its share of the slow references, too.
        """
        if self.shard is None:
            return tasks
        everything = [*self.study.references(), *self.study.tasks()]
        names = {task.name for task in self.shard.of(everything)}
        return [task for task in tasks if task.name in names]

    def networks(self) -> list[Network]:
        """Read the networks that are taken apart: all but the dense references."""
        names = {task.name for task in self.share(self.study.tasks())}
        return damageable([one for one in self.run.networks() if one.name in names])

    def save_table(
        self, name: str, table: pd.DataFrame, settings: dict[str, Any] | None = None
    ) -> None:
        """Write a table, with the place in the grid of the network of every row."""
        tasks = (*self.study.references(), *self.study.tasks())
        places = {task.name: self.study.settings_of(task.config) for task in tasks}
        if len(table):
            found = pd.DataFrame([places[name] for name in table["network"]])
            columns = {str(name): found[name].to_numpy() for name in found}
            table = table.assign(**columns)
        self.run.save_table(name, table, settings)

    def by_dataset(self) -> Iterator[tuple[list[Network], Dataset]]:
        """Give these networks data set by data set."""
        networks = self.networks()
        for name in self.study.datasets:
            if ours := [one for one in networks if one.dataset == short(name)]:
                yield ours, loaded(name, self.folder)

    def keywords(self, table: str) -> dict[str, Any]:
        """Give what is said to all that make a table in units."""
        parts = self.run.parts(table, look=self.look, label=self.shard)
        return {"executor": self.executor, "jobs": self.jobs, "parts": parts}


@lru_cache(maxsize=2)
def loaded(name: str, folder: Path | None) -> Dataset:
    """Load a data set once for many networks."""
    return load(name, folder)
