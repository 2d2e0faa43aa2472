"""Runs of versions before this one: read, gone on with, or refused with their name."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from small import netrobust

from netrobust.core.errors import InputError
from netrobust.data.dataset import Dataset
from netrobust.neural.config import TrainConfig
from netrobust.neural.network import load_network
from netrobust.neural.train import train
from netrobust.runs.folder import create_run, open_run
from netrobust.runs.json_files import read_json
from netrobust.studies.status import status, study_of

WRITTEN = Path(__file__).parent / "written_before"


def data():
    """What the networks learnt."""
    x = np.random.default_rng(0).random((32, 4), np.float32)
    y = np.arange(32) % 2
    return Dataset.from_arrays(x, y, x, y)


@pytest.fixture(params=sorted(path.name for path in WRITTEN.iterdir()))
def before(request, tmp_path):
    return Path(shutil.copytree(WRITTEN / request.param, tmp_path / "run"))


def test_a_run_of_before_is_read(before):
    run = open_run(before)
    (network,) = run.networks()
    assert network.model.sizes == (4, 3, 3, 2)
    assert network.config.hidden == (3, 3)
    assert network.history.epoch.tolist() == [1, 2]
    table = run.table("percolation")
    assert table.fraction.tolist() == [0, 0.5, 1]
    assert table.attrs == {"settings": {"fractions": [0, 0.5, 1]}}
    assert status(run)["networks finished"] == 1


def test_a_run_of_before_is_gone_on_with(before):
    manifest, _ = read_json(before / "manifest.json")
    run = create_run(before, manifest["settings"], manifest["data_sha256"])
    assert open_run(before) == run
    copied, _ = read_json(before / "manifest.copy.json")
    assert copied == manifest  # what a later fault is mended from
    (before / "manifest.json").write_bytes(b"")
    assert create_run(before, manifest["settings"], manifest["data_sha256"]) == run
    assert read_json(before / "manifest.json")[0] == manifest


def test_a_setting_of_later_that_has_no_value_makes_no_other_run(before):
    manifest, _ = read_json(before / "manifest.json")
    about, hashes = manifest["settings"], manifest["data_sha256"]
    for none in (None, {}, [], {"mine": {}}):
        assert create_run(before, {**about, "later": none}, hashes) == open_run(before)
    with pytest.raises(InputError, match="later: None there, 3 asked for"):
        create_run(before, {**about, "later": 3}, hashes)


def test_a_checkpoint_of_before_is_gone_on_with_or_its_version_named(before):
    path = before / "checkpoint.safetensors"
    config = load_network(path).config
    if "0.1.0" in (before / "manifest.json").read_text("utf-8"):
        with pytest.raises(InputError, match=r"no trace .* 0\.1\.0 .* again"):
            train(data(), config, path=path)
        return
    gone_on = train(data(), config, path=path)
    whole = train(data(), TrainConfig(**config.record))
    assert gone_on.history.equals(whole.history)


def later(path, **changes):
    """A manifest as a later version would write it."""
    manifest, _ = read_json(path / "manifest.json")
    manifest["versions"]["netrobust"] = "9.8.7\n"
    manifest["schema_version"] = 1
    (path / "manifest.json").write_text(json.dumps(manifest | changes), "utf-8")


def test_a_run_of_a_later_version_is_refused_by_its_name(before):
    settings = open_run(before).settings
    later(before, schema_version=2)
    with pytest.raises(InputError, match=r"version 2, which netrobust 9\.8\.7 wrote"):
        open_run(before)
    later(before, settings={**settings, "train": {"colour": "red"}})
    with pytest.raises(InputError, match=r"no field 'colour'.*netrobust 9\.8\.7 wrote"):
        status(open_run(before))
    study = {"datasets": ["mnist-5k"], "sparsifiers": ["set"]}
    study["perturbations"] = ["random_links"]
    later(before, settings={**study, "colour": "red"})
    with pytest.raises(InputError, match=r"no field 'colour'.*netrobust 9\.8\.7 wrote"):
        study_of(open_run(before))
    done = netrobust("merge", before, cwd=before)
    assert (done.code, done.out) == (2, "")
    assert "9.8.7" in done.err
