"""The source distribution holds all sources, and its wheel works without them."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from email.parser import Parser
from pathlib import Path

import pytest
from small import STUDY, toml

ROOT = Path(__file__).parents[1]
FOLDERS = ("netrobust", "analyses", "tests", "docs", "benchmarks")
FILES = (
    "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md",
    "CITATION.cff", "CONTRIBUTING.md", "Makefile", "constraints.txt", "conftest.py",
)  # fmt: skip
MADE = ("__pycache__", "generated", "*.nbi", "*.nbc")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the source distribution, unpacked, and the wheel made of it."""
    folder = tmp_path_factory.mktemp("dist")
    copy = folder / "copy"
    for name in FOLDERS:
        ignore = shutil.ignore_patterns(*MADE)
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, copy / name)
    (copy / "figures").mkdir()
    (copy / "figures" / "large.png").write_bytes(bytes(10))
    # torch brings the setuptools that the build needs.
    build = "import sys; from setuptools.build_meta import build_sdist as build; "
    code = f"{build}build(sys.argv[1])"
    command = [sys.executable, "-c", code, folder]
    subprocess.run(command, check=True, cwd=copy, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(folder, filter="data")
    unpacked = folder / archive.name.removesuffix(".tar.gz")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheel = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    subprocess.run([*pip, *wheel, unpacked], check=True)
    return folder


@pytest.fixture(scope="module")
def target(built):
    """A folder with the installed wheel."""
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    install = ["install", "--no-deps", "--no-compile", "--target", built / "target"]
    subprocess.run([*pip, *install, wheel], check=True)
    give_compiled_kernels(built / "target")
    return built / "target"


def give_compiled_kernels(target):
    """Copy what was compiled in the repository, so that no kernel is compiled twice.

    It counts as that of a source file of the same size and time.
    """
    for compiled in (ROOT / "netrobust").rglob("*.nb[ci]"):
        kept = target / compiled.relative_to(ROOT)
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(compiled, kept)
        name = f"{compiled.name.partition('.')[0]}.py"
        source = compiled.parents[1] / name
        if source.exists():
            shutil.copystat(source, target / source.relative_to(ROOT))


def python(target, cwd, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(target)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, env=environment,
    )  # fmt: skip


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_source_distribution_holds_what_packagers_need(built):
    (archive,) = built.glob("*.tar.gz")
    unpacked = built / archive.name.removesuffix(".tar.gz")
    copy = built / "copy"
    for path in [*FILES, *(one for name in FOLDERS for one in files(copy / name))]:
        given = copy / path
        assert (unpacked / given.relative_to(copy)).read_bytes() == given.read_bytes()
    added = {"PKG-INFO", "setup.cfg", "netrobust.egg-info", "build"}
    assert {path.name for path in unpacked.iterdir()} - added == {*FOLDERS, *FILES}


def test_the_metadata_say_what_it_is_and_needs(target):
    (folder,) = target.glob("*.dist-info")
    about = Parser().parsestr((folder / "METADATA").read_text("utf-8"))
    assert about["Name"] == "netrobust"
    assert about["License-Expression"] == "GPL-3.0-or-later"
    assert about["Requires-Python"] == ">=3.11"
    assert about["Description-Content-Type"] == "text/markdown"
    assert about.get_payload().startswith("# netrobust\n")
    assert {"maxent", "dask", "docs", "test"} <= {*about.get_all("Provides-Extra")}
    assert "Typing :: Typed" in about.get_all("Classifier")
    assert "Paper, https://arxiv.org/abs/2602.21961" in about.get_all("Project-URL")
    assert (folder / "licenses" / "LICENSE").is_file()


def test_every_source_file_travels(built, target):
    homes = {"netrobust": "netrobust", "analyses": "netrobust/analyses"}
    for name, home in homes.items():
        folder = built / "copy" / name
        for source in files(folder):
            copy = target / home / source.relative_to(folder)
            assert copy.read_bytes() == source.read_bytes()
    assert (target / "netrobust/figures/paper.mplstyle").is_file()
    assert (target / "netrobust/py.typed").is_file()
    assert (target / "bin/netrobust").is_file()
    assert sorted(path.name for path in target.iterdir() if path.suffix == "") == [
        "bin",
        "netrobust",
    ]


@pytest.mark.slow
def test_the_main_job_outside_the_repository(target, tmp_path):
    listed = python(target, tmp_path, "-m", "netrobust", "list", "--json")
    assert listed.stderr == ""
    assert "random_links" in json.loads(listed.stdout)["perturbation"]

    (tmp_path / "s.toml").write_text(
        toml({**STUDY, "sparsifiers": ["set"], "networks": 1, "null_replicates": 1})
    )
    code = (
        "import sys, netrobust\n"
        "from netrobust.studies import gallery\n"
        "gallery.ANALYSES = 'learning', 'percolation'  # drawing takes longest\n"
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
    assert figures == ["learning.pdf", "percolation.pdf"]
    assert (tmp_path / "run/report.html").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "homes",
        "run",
        "s.toml",
    ]
