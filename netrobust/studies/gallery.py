"""The figures of a run: every analysis computes its table and draws it."""

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pandas as pd

from netrobust.core.atomic_files import replacing
from netrobust.core.errors import InputError
from netrobust.figures import draw
from netrobust.figures.layout import Picture
from netrobust.figures.restyle import Palette
from netrobust.neural.config import TrainConfig
from netrobust.runs.folder import Run, make_folder
from netrobust.studies.status import study_of
from netrobust.studies.study import Study

#: Names of the analyses, in the order of the gallery.
ANALYSES = (
    "learning",
    "accuracy",
    "dynamics",
    "receptive_fields",
    "percolation",
    "degrees",
    "shuffling",
    "attacks",
    "structure_and_function",
    "neurons",
    "null_hierarchy",
    "adversarial",
    "recovery",
    "predictors",
    "statistics",
    "claims",
    "along_training",
    "partial_shuffles",
    "grid",
    "scaling",
    "variance_components",
    "tuning",
)

# A file of that name would hide the standard library's from scripts in its folder.
_FILES = {"statistics": "statistics_table"}


def analysis(name: str) -> ModuleType:
    """Import an analysis by name: its docstring is the claim it examines.

    Raises
    ------
    InputError
        There is no such analysis.

    Examples
    --------
    >>> analysis("degrees").__name__
    'netrobust.analyses.degrees'
    """
    if name not in ANALYSES:
        raise InputError(
            f"unknown analysis {name!r}; choose from: {', '.join(ANALYSES)}"
        )
    return import_module(f"netrobust.analyses.{_FILES.get(name, name)}")


def draw_figures(
    run: Run,
    folder: str | os.PathLike[str],
    only: Sequence[str] | None = None,
    style: str = "paper",
    palette: Palette | None = None,
    font: str | None = None,
) -> list[Path]:
    """Draw analyses of a run: vector PDF, PNG, and a CSV of the numbers plotted.

    An analysis that is a table in print has it as Markdown and LaTeX beside these.

    Parameters
    ----------
    run : Run
    folder : path-like
        Where the files go.
    only : sequence of str
        Names of analyses; all that the run has enough to show if not given.
    style, palette, font : optional
        How they look, as for `draw.style`.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        An analysis is unknown, or the run lacks a table that one needs, or has too
        little in it, or there is no such style, palette or font.
    """
    # Where a run has enough for none, the first one says what lacks.
    only = (drawable(run) or ANALYSES) if only is None else only
    with draw.style(style, palette, font):
        return save_figures(drawn(run, only), folder)


class Drawn(NamedTuple):
    """A figure of a run, with its analysis and the numbers plotted."""

    name: str
    module: ModuleType
    table: pd.DataFrame
    figure: Picture


def drawn(run: Run, only: Sequence[str]) -> list[Drawn]:
    """Draw analyses of a run in the style that holds; refuse as `draw_figures` does."""
    run = in_grid(run)
    modules = [analysis(name) for name in only]
    for name, module in zip(only, modules, strict=True):
        _refuse_too_little(run, name, module)
    tables = [module.compute(run) for module in modules]
    return [
        Drawn(name, module, table, module.draw(table))
        for name, module, table in zip(only, modules, tables, strict=True)
    ]


def save_figures(
    figures: Sequence[Drawn], folder: str | os.PathLike[str]
) -> list[Path]:
    """Write the files of figures; give their paths."""
    make_folder(Path(folder))
    written: list[Path] = []
    for one in figures:
        written += draw.save(one.figure, one.table, Path(folder), one.name)
        for suffix, text in getattr(one.module, "texts", _no_texts)(one.table).items():
            path = Path(folder) / f"{one.name}.{suffix}"
            with replacing(path) as part:
                part.write_text(text, encoding="utf-8")
            written.append(path)
    return written


class _InGrid(Run):
    """A run whose tables call a method with its place in the grid a method."""

    def table(self, name: str, *also: str) -> pd.DataFrame:
        """Read tables; a place in the grid stands in brackets, as options do.

        The column ``method`` has the names without it.
        """
        table, study = super().table(name, *also), study_of(self)
        if study is None or "network" not in table:
            return table
        configs = {task.name: task.config for task in study.tasks()}
        names = {name: _placed(study, one) for name, one in configs.items()}
        methods = {name: one.label for name, one in configs.items()}
        method = table["network"].map(methods).fillna(table["sparsifier"])
        placed = table["network"].map(names).fillna(table["sparsifier"])
        return table.assign(sparsifier=placed, method=method)


def in_grid(run: Run) -> Run:
    """Give a run in which the methods of a grid are told apart by their names.

    So every analysis gives every place in the grid lines and rows of its own.
    """
    study = None if run.only else study_of(run)
    scanned = study is not None and study.scanned
    return _InGrid(run.path, run.settings) if scanned else run


def _placed(study: Study, config: TrainConfig) -> str:
    label, value = config.label, {"sparsity": config.sparsity}
    values = {**value, **study.settings_of(config)}
    options = ",".join(f"{name}={values[name]}" for name in study.scanned)
    method, at, start = label.partition("@")
    method = (
        f"{method[:-1]},{options})" if method[-1] == ")" else f"{method}({options})"
    )
    return f"{method}{at}{start}"


def drawable(run: Run) -> list[str]:
    """Name the analyses that a run has enough to show, in the order of the gallery."""
    run = in_grid(run)
    return [name for name in ANALYSES if _shown(run, analysis(name))]


def _shown(run: Run, module: ModuleType) -> bool:
    """Return whether a run has the tables of an analysis, and enough in them."""
    if not {*run.tables()} >= {*module.READS}:
        return False
    return bool(module.shows(run)) if hasattr(module, "shows") else True


def _refuse_too_little(run: Run, name: str, module: ModuleType) -> None:
    """Say what a run lacks; a table that is not there is missed where it is read."""
    if {*run.tables()} >= {*module.READS} and not _shown(run, module):
        raise InputError(
            f"{run.path} has too little for {name!r}, which needs {module.NEEDS}; "
            "choose another analysis, or make a run that has it"
        )


def _no_texts(table: pd.DataFrame) -> dict[str, str]:
    return {}
