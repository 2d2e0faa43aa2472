"""How far a run is: what is done, what is missing, what failed and why."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from netrobust.core.digests import other_writer
from netrobust.core.errors import InputError
from netrobust.core.own_functions import told_by_a_file
from netrobust.neural.config import TrainConfig, network_name
from netrobust.neural.network import load_network
from netrobust.runs.folder import Run
from netrobust.runs.ledger import failures, listed
from netrobust.runs.manifest import MANIFEST, one_line, read_manifest
from netrobust.runs.shards import states
from netrobust.studies.stages import further, swept
from netrobust.studies.study import Study


def study_of(run: Run) -> Study | None:
    """Give the study a run was made for; None if it was made for something else."""
    if not {"datasets", "sparsifiers", "perturbations"} <= run.settings.keys():
        return None
    with _said_of(run, "study"), told_by_a_file():
        return Study(**run.settings)


@contextmanager
def _said_of(run: Run, what: str) -> Iterator[None]:
    """Say where settings come from that this netrobust does not know."""
    try:
        yield
    except (InputError, TypeError) as error:
        writer = one_line(read_manifest(run.path)["versions"].get("netrobust", ""))
        raise InputError(
            f"{run.path / MANIFEST} holds no {what} that this netrobust knows ({error}"
            f"{other_writer(writer)}); go on with the version that wrote it, or make "
            "the run again"
        ) from None


def tables_of(run: Run) -> list[str]:
    """Give the names of the tables that the study of a run makes; none without one."""
    study = study_of(run)
    if study is None:
        return []
    trained = ["history", "dynamics", "receptive_fields", "measures", "degrees"]
    stages = [one.table for one in (*swept(study), *further(study)) if one.asked(study)]
    return [*trained, *stages, "summary"]


def expected(run: Run) -> list[str]:
    """Give the names of the networks a run is to have, as far as it says."""
    if run.only:
        return [run.only]
    if study := study_of(run):
        return [task.name for task in (*study.references(), *study.tasks())]
    about = run.settings
    if not {"train", "dataset", "seed"} <= about.keys():
        return []
    with _said_of(run, "training"), told_by_a_file():
        if not isinstance(about["train"], dict):
            raise InputError(
                f"its train must hold settings by name; got {about['train']!r}"
            )
        if not isinstance(about["dataset"], str):
            raise InputError(f"its dataset must be a name; got {about['dataset']!r}")
        config = TrainConfig(**about["train"])
    return [network_name(about["dataset"], config, about["seed"])]


def network_states(run: Run) -> dict[str, str]:
    """Tell of every network how far it is.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict of str to str
        By name: ``finished``, so many epochs, ``damaged: ...``, ``failed: ...`` or
        ``missing``.
    """
    states, failed = {}, failures(run.path)
    for path in run.network_files():
        try:
            network = load_network(path)
            done, epochs = len(network.history), network.config.epochs
            state = "finished" if done == epochs else f"{done} of {epochs} epochs"
        except InputError as error:
            state = f"damaged: {error}"
        states[path.parent.name] = state
    for name in expected(run):
        states.setdefault(name, "missing")
    for name, reason in failed.items():
        if name in states and states[name] != "finished":
            states[name] = f"failed: {reason}"
    return states


def table_states(run: Run) -> dict[str, str]:
    """Tell of every table how many of its units are done, missing, damaged, failed.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict of str to str
        By name of the table; those that are not made of units are whole.
    """
    parts, failed = run.parts(), failures(run.path)
    found = {}
    for name, record in listed(run.path).items():
        done = [key for key in record.units if parts.sound(key)]
        bad = [key for key in record.units if key in failed and key not in done]
        count = {
            "missing": len(record.units) - len(done) - len(bad),
            "failed": len(bad),
        }
        there = "" if name in run.tables() else ", the table is not written yet"
        rest = "".join(f", {number} {what}" for what, number in count.items() if number)
        units = "unit" if len(record.units) == 1 else "units"
        found[name] = f"{len(done)} of {len(record.units)} {units} done{rest}{there}"
        if record.kind is None and record.sharded:  # others have not begun theirs
            found[name] += ", of those shards that have begun it"
    return found


def status(run: Run) -> dict[str, Any]:
    """Tell how far a run is: networks, tables, failures with their reasons.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        Facts by name, one line each.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from netrobust.runs.folder import create_run
    >>> with TemporaryDirectory() as folder:
    ...     facts = status(create_run(folder, {}, {}))
    >>> facts["networks finished"], facts["tables"]
    (0, 'none')
    """
    networks, tables = network_states(run), table_states(run)
    begun = [state for state in networks.values() if state != "missing"]
    failed = failures(run.path)
    return {
        "run": run.path,
        "networks finished": sum(state == "finished" for state in begun),
        "networks begun": len(begun),
        "networks in all": len(networks),
        **{name: state for name, state in networks.items() if state != "finished"},
        "tables": ", ".join(run.tables()) or "none",
        **{f"shards of {job}": state for job, state in states(run.path).items()},
        "finished parts": run.parts().count(),
        **{f"units of {name}": state for name, state in tables.items()},
        **{
            f"failed: {name}": reason
            for name, reason in failed.items()
            if name not in networks
        },
    }
