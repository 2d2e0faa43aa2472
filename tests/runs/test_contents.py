"""A run folder holds nothing but files of its own, and nothing is written elsewhere."""

import json
import os
import shutil

import pytest
from small import listing, run_with

from netrobust.core.errors import InputError
from netrobust.runs.contents import check_contents, opened_to_append
from netrobust.runs.folder import Run, create_run, open_run
from netrobust.runs.lock import held

ABOUT, HASHES = {"seed": 0}, {"tiny": "ab"}


@pytest.fixture
def place(tmp_path):
    """A run folder, and a folder of the user's beside it."""
    run = run_with(tmp_path / "run", "set")
    with run.held():
        run.note("made")
    run.save_table("nulls", run.networks()[0].history)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("precious\n")
    return run.path, tmp_path / "elsewhere"


@pytest.mark.parametrize(
    "name",
    [
        "log",
        "lock",
        "manifest.json",
        "networks",
        "tables",
        "tables/nulls.parquet",
        "tables/parts",
        "failed",
        "figures",
    ],
)
def test_a_run_that_holds_a_link_is_refused_and_nothing_follows_it(place, name):
    run, elsewhere = place
    path = run / name
    target = elsewhere if path.is_dir() or not path.exists() else elsewhere / "file"
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    before = listing(elsewhere)
    manifest = json.loads((run / "manifest.copy.json").read_text("utf-8"))
    about = manifest["settings"], manifest["data_sha256"]
    for door in (open_run, lambda run: create_run(run, *about)):
        with pytest.raises(InputError, match=f"{path} is a symbolic link, .* a copy"):
            door(run)
    assert listing(elsewhere) == before


def test_pipes_and_links_deep_inside_are_refused(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    check_contents(tmp_path)
    os.mkfifo(tmp_path / "a" / "b" / "pipe")
    with pytest.raises(InputError, match=r"a/b/pipe is no plain file"):
        check_contents(tmp_path)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere cannot be read \(No such file"):
        check_contents(tmp_path / "nowhere")


@pytest.mark.parametrize("how", ["symlink_to", "hardlink_to"])
def test_lock_and_log_are_never_opened_through_a_link(tmp_path, how):
    (tmp_path / "precious").write_text("thesis")
    for name in ("lock", "log"):
        getattr(tmp_path / name, how)(tmp_path / "precious")
        with pytest.raises(
            InputError, match=f"{name} is a link to what lies elsewhere"
        ):
            opened_to_append(tmp_path / name)
    with pytest.raises(InputError, match="is a link"), held(tmp_path):
        raise AssertionError
    with pytest.raises(InputError, match="is a link"):
        Run(tmp_path, {}).note("a line")
    assert (tmp_path / "precious").read_text() == "thesis"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a link"):
        opened_to_append(tmp_path / "pipe")


def test_what_a_manifest_says_is_one_line_of_the_log(tmp_path, caplog):
    run = create_run(tmp_path, ABOUT, HASHES)
    path = run.path / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["written_by"]
    manifest["versions"]["torch"] = "1\n2026-01-01 00:00:00 all is well\x1b[31m"
    path.write_text(json.dumps(manifest), "utf-8")
    create_run(tmp_path, ABOUT, HASHES)
    (line,) = (run.path / "log").read_text("utf-8").splitlines()
    assert "other versions from here on: torch: 1 2026-01-01" in line
    assert "\x1b" not in line + caplog.text
    run.note("a\nb\x00")
    assert (run.path / "log").read_text("utf-8").endswith(r" a\nb\x00" + "\n")
