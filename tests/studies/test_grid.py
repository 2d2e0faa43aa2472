"""Grids of settings: their places, and what they may not be."""

import re
import tomllib
from collections import Counter
from dataclasses import asdict

import pytest
from small import STUDY

from netrobust.core.errors import InputError
from netrobust.core.settings import toml_file
from netrobust.studies.study import Study


def test_a_grid_trains_every_method_at_every_setting():
    study = Study(
        datasets=["mnist"], sparsifiers=["static", "set"], networks=2,
        grid={"sparsity": [0.9, 0.99], "hidden": [[50], [50, 50], [80]]},
    )  # fmt: skip
    tasks = study.tasks()
    assert len({task.name for task in tasks}) == len(tasks) == 2 * 2 * 2 * 3
    settings = Counter((task.config.sparsity, task.config.hidden) for task in tasks)
    assert settings == dict.fromkeys(
        [(s, h) for s in (0.9, 0.99) for h in ((50,), (50, 50), (80,))], 4
    )


def test_grids_of_a_list_have_the_places_of_all():
    grids = [
        {"hidden": [[50]], "sparsity": [0.9]},
        {"hidden": [[80], [90]], "sparsity": [0.95]},
    ]
    study = Study(datasets=["mnist"], sparsifiers=["set"], networks=1, grid=grids)
    places = [(task.config.hidden, task.config.sparsity) for task in study.tasks()]
    assert places == [((50,), 0.9), ((80,), 0.95), ((90,), 0.95)]
    config = study.tasks()[0].config
    assert study.settings_of(config) == {"hidden": "50"}
    written = tomllib.loads(toml_file(asdict(study)))
    assert study == Study(**asdict(study)) == Study(**written)


_ODD = "zeta", {"zeta": 3}, 5, [3], [{"zeta": 3}], [[{"zeta": [0.1]}]]


@pytest.mark.parametrize(
    ("grid", "sentence"),
    [
        ([{"zeta": [0.1]}, {"zeta": [0.1], "hidden": [[9]]}], "have the same fields"),
        ([{"zeta": [0.1]}, {"zeta": [0.1]}], "two networks of static have the same"),
        ([{"zeta": [0.1]}, {}], "the same fields; got zeta and none"),
        *((one, "Study.grid: must give fields a list of values each") for one in _ODD),
        ({"sparsty": [0.9]}, "a field of the grid must be one of"),
        ({"epochs": [1]}, "grid.epochs must have values, and the training of all"),
        ({"sparsity": []}, "grid.sparsity must have values"),
        ({"sparsity": [0.9, 0.9]}, "two networks of static have the same settings"),
        ({"sparsity": [0.9, 1.5]}, "less than 1; got 1.5"),
        ({"sparsity": [0.9, 0.99999999]}, "without a link; lower it"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(grid, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        Study(**{**STUDY, "training": {"epochs": 2}, "grid": grid})
