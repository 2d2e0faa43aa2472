"""Every fault once: nothing is lost, and tables are those of an undisturbed run."""

import pytest
from altered import outcome
from trials import FAULTS, NONE, Site

#: Those that take longest are done by ``make faults`` alone.
SLOW = {
    "SIGKILL of the Dask scheduler",
    "SIGKILL of the last Dask worker",
    "a unit that kills every Dask worker",
}

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("site"))


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in SLOW])
def test_a_fault_loses_no_row_and_changes_no_table(name, site, tmp_path):
    assert FAULTS[name](site, tmp_path, 1) == NONE


def test_a_link_in_a_run_is_refused(site, tmp_path):
    """The fastest of all files and ways, which ``make faults`` tries."""
    way = "network", "a link in its place"
    assert outcome(site.study, tmp_path, *way, moment=0) == "refused"
