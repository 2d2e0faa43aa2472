"""What a run is to hold, and that looking at it stands in nobody's way."""

import shutil
from dataclasses import asdict

import pytest
from small import STUDY, digits, netrobust, network, network_file

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


def test_looking_at_an_unfinished_run_takes_no_table_of_it(begun, tmp_path):
    place, few = tmp_path / "run", ("--quiet", "--json")
    shape = "--fractions", "0,1", "--images", "20", "--replicates", "1"
    for words in (
        ("percolate", place, *shape, *few),
        ("compare", place, "--null-model", "shuffle_all", *shape[2:], *few),
        ("measure", place, "--json"),
    ):
        assert netrobust(*words, cwd=tmp_path).code == 0
    made = begun.tables()
    assert [name.partition("-")[0] for name in made] == ["measures", "nulls",
                                                         "percolation"]  # fmt: skip
    assert not {*made} & {*tables_of(begun)}
    for name in tables_of(begun):
        begun.check_table(name, None)
    done = netrobust("measure", place, "--name", "degrees", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "main job makes the table 'degrees'; give another --name" in done.err


def test_tables_are_reserved_as_a_study_asks_for_them(begun, tmp_path):
    assert "theory" in tables_of(begun)
    fields = {**STUDY, "damage": False}
    for about, missing in ((fields, "percolation"), ({"seed": 0}, "history")):
        full = asdict(Study(**about)) if "name" in about else about
        run = create_run(tmp_path / missing, full, {})
        assert missing not in tables_of(run)
        run.check_table(missing, {"seed": 1}, tables_of(run))
    with pytest.raises(InputError, match="give another --name"):
        begun.check_table("history", {"seed": 1}, tables_of(begun))
