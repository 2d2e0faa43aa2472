"""Lists of units: read, refused in one sentence, or made again."""

import json

import pytest
from small import network, run_with

from netrobust.cli.make import merge
from netrobust.core.errors import InputError
from netrobust.parallel.shard import Shard
from netrobust.runs.folder import create_run
from netrobust.runs.json_files import write_json
from netrobust.runs.ledger import begun, listed
from netrobust.studies.status import status, table_states

GOOD = {"kind": "nulls", "settings": {"networks": ["a"]}, "units": ["a-1", "a-2"]}

#: What a list may hold instead, and what is said of it.
WRONG = {
    "of another program": ([1], "holds a list"),
    "no kind": ({"settings": None, "units": []}, "has no kind"),
    "no settings": ({"kind": None, "units": []}, "has no settings"),
    "no units": ({"kind": None, "settings": None}, "has no units"),
    "unknown kind": ({**GOOD, "kind": "astrology"}, "its kind must be"),
    "kind that is no text": ({**GOOD, "kind": ["nulls"]}, "its kind must be"),
    "settings that are a list": ({**GOOD, "settings": [1]}, "its settings must"),
    "no settings of a kind": ({**GOOD, "settings": None}, "must name networks"),
    "no networks": ({**GOOD, "settings": {}}, "must name networks"),
    "a number for networks": ({**GOOD, "settings": {"networks": 3}}, "name networks"),
    "a number for units": ({**GOOD, "units": 7}, "its units must be"),
    "numbers as units": ({**GOOD, "units": [1, 2]}, "its units must be"),
    "a unit elsewhere": ({**GOOD, "units": ["../a"]}, "a key of it must be"),
    "a hidden unit": ({**GOOD, "units": [".a"]}, "a key of it must be"),
    "a unit of two lines": ({**GOOD, "units": ["a\nb"]}, "a key of it must be"),
}


def put(run, facts, name="t.1-of-2"):
    path = run.path / "tables" / "units" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts), "utf-8")
    return path


@pytest.mark.parametrize("what", WRONG)
def test_malformed_lists_are_refused_in_one_sentence(tmp_path, what):
    run, (facts, said) = create_run(tmp_path, {}, {}), WRONG[what]
    path = put(run, facts)
    for door in (listed, lambda path: status(run), lambda path: merge(path)):
        with pytest.raises(InputError, match=said) as caught:
            door(run.path)
        assert str(path) in str(caught.value)
        assert "delete it and rerun" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"astrology": True},
        {"null_models": 7},
        {"null_models": ["no such"]},
        {"null_models": [["shuffle_all"]]},
        {"replicates": "many"},
        {"measures": {"giant_component": 1}, "scope": None},
    ],
    ids=str,
)
def test_settings_that_no_work_takes_are_refused_by_merge(tmp_path, settings):
    run = run_with(tmp_path, "set")
    about = {"networks": [network("set").name], **settings}
    put(run, {**GOOD, "settings": about})
    with pytest.raises(InputError) as caught:
        merge(run.path)
    assert "\n" not in str(caught.value)
    assert run.tables() == []


def test_a_list_of_another_version_names_it(tmp_path, monkeypatch):
    run = create_run(tmp_path, {}, {})
    path = put(run, {})
    monkeypatch.setattr("netrobust.core.digests.version", lambda name: "7.8")
    write_json(path, {**GOOD, "kind": "a new kind"})
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"its kind .*, netrobust 7\.8 wrote it, not"):
        listed(run.path)


def test_hidden_files_are_no_lists(tmp_path):
    run = create_run(tmp_path, {}, {})
    put(run, {}, name=".t")
    assert listed(run.path) == {}


def test_a_damaged_list_stops_no_work_and_is_made_again(tmp_path, caplog):
    run = create_run(tmp_path, {}, {})
    about = {"networks": ["a"]}
    ledger = run.parts("t", kind="nulls", settings=about)
    ledger.begin(["a-1"])
    whole = listed(run.path)
    path = run.path / "tables" / "units" / "t.json"
    content = path.read_bytes()
    path.write_bytes(content[:-30])
    put(run, [1], name="other")
    assert begun(run.path, "t") is None
    assert "will be made again" in caplog.text
    run.check_table("t", about)
    run.parts("t", kind="nulls", settings=about).begin(["a-1"])
    assert path.read_bytes() == content
    assert begun(run.path, "t") == whole["t"]


def test_shards_are_read_together(tmp_path):
    run = create_run(tmp_path, {}, {})
    for number in (1, 2):
        shard = Shard(number, 2)
        about = {"kind": "nulls", "settings": {"networks": []}, "shard": shard}
        assert run.parts("t", **about).begin(["a", "b"]) == {"ab"[number - 1]}
    (found,) = listed(run.path).values()
    assert (found.units, found.sharded) == (["a", "b"], True)
    assert begun(run.path, "t") == found
    assert table_states(run)["t"].startswith("0 of 2 units done, 2 missing")
