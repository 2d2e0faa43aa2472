"""What a run is to hold, and that looking at it stands in nobody's way."""

import shutil
from dataclasses import asdict

import pytest
from small import STUDY, digits, network, network_file

from netrobust.cli.analyse import measure
from netrobust.cli.make_table import make_table
from netrobust.cli.options import How
from netrobust.core.errors import InputError
from netrobust.runs.folder import create_run
from netrobust.studies.status import tables_of
from netrobust.studies.study import Study


@pytest.fixture
def begun(tmp_path):
    """The run of a study that was killed when one network was trained."""
    about = asdict(Study(**STUDY))
    run = create_run(tmp_path / "run", about, {"mnist-5k": digits().sha256})
    path = run.network_path(network("set").name)
    path.parent.mkdir(parents=True)
    shutil.copyfile(network_file("set"), path)
    return run


def test_looking_at_an_unfinished_run_takes_no_table_of_it(begun):
    about = {"perturbations": ["random_links"], "fractions": [0, 1], "replicates": 1,
             "scope": "per_layer", "seed": 0, "images": 20}  # fmt: skip
    make_table(begun.path, None, "percolation", about, How(quiet=True))
    measure(begun.path, ["density"])
    made, taken = begun.tables(), tables_of(begun)
    assert [name.partition("-")[0] for name in made] == ["measures", "percolation"]
    assert not {*made} & {*taken}
    for name in taken:
        begun.check_table(name, None)
    measure(begun.path, ["density"])
    assert begun.tables() == made
    with pytest.raises(InputError, match=r"makes the table 'degrees'; give another"):
        measure(begun.path, ["density"], name="degrees")


def test_tables_are_reserved_as_a_study_asks_for_them(begun, tmp_path):
    assert {"history", "percolation", "nulls", "summary"} <= {*tables_of(begun)}
    assert not {"theory", "attacks"} & {*tables_of(begun)}
    about = asdict(Study(**{**STUDY, "damage": False, "theory": True}))
    assert "percolation" not in tables_of(create_run(tmp_path / "bare", about, {}))
    assert tables_of(create_run(tmp_path / "other", {"seed": 0}, {})) == []
