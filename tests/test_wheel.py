"""The wheel works outside the repository."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from analyses_tables import BASIC
from small import STUDY, toml

ROOT = Path(__file__).parents[1]
SOURCES = ("netrobust", "analyses", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """A folder with the unpacked wheel; it is built from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in SOURCES:
        source, ignore = ROOT / name, shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignore)
        else:
            shutil.copy(source, copy / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # torch brings the setuptools that the build needs.
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, copy]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    install = ["install", "--no-deps", "--no-compile", "--target", folder / "target"]
    subprocess.run([*pip, *install, wheel], check=True)
    return folder / "target"


def python(target, cwd, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(target)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, env=environment,
    )  # fmt: skip


def test_every_source_file_travels(target):
    for folder, home in (
        ("netrobust", "netrobust"),
        ("analyses", "netrobust/analyses"),
    ):
        for source in (ROOT / folder).rglob("*"):
            if source.is_file() and source.suffix not in (".pyc", ".nbi", ".nbc"):
                copy = target / home / source.relative_to(ROOT / folder)
                assert copy.read_bytes() == source.read_bytes()
    assert (target / "netrobust/results/paper.mplstyle").is_file()
    assert (target / "netrobust/py.typed").is_file()
    assert (target / "bin/netrobust").is_file()
    assert sorted(path.name for path in target.iterdir() if path.suffix == "") == [
        "bin",
        "netrobust",
    ]


@pytest.mark.slow  # the kernels are compiled anew
def test_the_main_job_outside_the_repository(target, tmp_path):
    listed = python(target, tmp_path, "-m", "netrobust", "list", "--json")
    assert listed.stderr == ""
    assert "random_links" in json.loads(listed.stdout)["perturbation"]

    (tmp_path / "s.toml").write_text(
        toml({**STUDY, "sparsifiers": ["set"], "networks": 1, "null_replicates": 1})
    )
    code = (
        "import sys, netrobust\n"
        "sys.argv[1:] = 'reproduce --config s.toml --out run --jobs 1 -q'.split()\n"
        "try:\n"
        "    from netrobust.cli import main; main()\n"
        "finally:\n"
        "    homes = [m.__file__ for n, m in sys.modules.items()\n"
        "             if n.split('.')[0] == 'netrobust']\n"
        "    print(*homes, file=open('homes', 'w'), sep='\\n')\n"
    )
    done = python(target, tmp_path, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    homes = (tmp_path / "homes").read_text().splitlines()
    assert len(homes) > 30
    assert any("analyses" in home for home in homes)
    assert all(Path(home).is_relative_to(target) for home in homes)
    figures = sorted(path.name for path in (tmp_path / "run/figures").glob("*.pdf"))
    assert figures == sorted(f"{name}.pdf" for name in BASIC)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "homes",
        "run",
        "s.toml",
    ]
