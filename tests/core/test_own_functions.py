"""Functions of the user's own by name: found, refused, sent to other processes."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from netrobust.core import own_functions, registry
from netrobust.core.errors import InputError
from netrobust.core.options import Factory
from netrobust.core.own_functions import (
    UntrustedCodeError,
    digests,
    own,
    packed,
    told_by_a_file,
)
from netrobust.core.registry import Registry

CODE = "def double(x):\n    'Double it.'\n    return 2 * x\n\nnumber = 3\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The present folder, with files of a user; what is imported is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own_functions, "_KNOWN", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = {*sys.modules}
    (tmp_path / "mine_of_test.py").write_text(CODE)
    (tmp_path / "broken_of_test.py").write_text("a = 1\nb = 1 / 0\n")
    (tmp_path / "this.py").write_text("")
    (tmp_path / "with-dash.py").write_text(CODE)
    (tmp_path / "package_of_test").mkdir()
    (tmp_path / "package_of_test" / "inner.py").write_text(CODE)
    yield tmp_path
    for name in {*sys.modules} - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    "name", ["mine_of_test.py:double", "package_of_test.inner:double"]
)
def test_a_name_finds_a_function_in_every_family(folder, name):
    shapes = Registry("shape")
    assert shapes[name] is own(name)
    assert shapes[name](4) == 8
    (member,) = shapes.members([name])
    assert member.__name__ == "double"
    assert list(shapes) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.py:double", r"no file none\.py for none\.py:double; give"),
        ("mine_of_test.py:dobule", "it has double .did you mean 'double'"),
        ("mine_of_test.py:number", "has no function 'number'; it has double"),
        ("mine_of_test.py:", "has no function ''"),
        ("broken_of_test.py:f", "ZeroDivisionError: .*, line 2 of broken_of_test.py"),
        ("nowhere_at_all:f", "No module named 'nowhere_at_all'"),
        ("with-dash.py:double", "cannot be imported under the name 'with-dash'"),
        ("this.py:f", "has the name of another module"),
        ("mine\0.py:f", r"'mine\\x00.py:f' holds a character that no file"),
    ],
)
def test_what_is_no_function_is_refused_in_one_sentence(folder, name, message):
    sys.modules.pop("this", None)
    with pytest.raises(InputError, match=message):
        Registry("shape")[name]


def test_brackets_set_options_of_a_factory(folder):
    (folder / "made_of_test.py").write_text("def walk(*, steps=3):\n    return steps\n")
    walks = Registry("walk", Factory)
    walk = walks["made_of_test.py:walk(steps=5)"]
    assert (walk(), walk.__name__) == (5, "walk(steps=5)")


def test_no_file_makes_code_run(folder):
    (folder / "evil_of_test.py").write_text("raise SystemExit('it ran')")
    with told_by_a_file(), pytest.raises(UntrustedCodeError, match="--own evil_of_te"):
        own("evil_of_test.py:f")
    with told_by_a_file(), pytest.raises(UntrustedCodeError):
        own("mine_of_test.py:double")
    known = own("mine_of_test.py:double")
    with told_by_a_file():
        assert own("mine_of_test.py:double") is known


def test_another_process_has_the_function_and_its_name(folder, tmp_path_factory):
    work = packed((own("mine_of_test.py:double"), 21))
    code = (
        "import sys\n"
        "from netrobust.core.own_functions import *\n"
        "double, x = unpacked(sys.stdin.buffer.read())\n"
        "with told_by_a_file():\n"
        "    assert own('mine_of_test.py:double') is double\n"
        "print(double(x))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=work, capture_output=True, cwd=tmp_path_factory.mktemp("elsewhere"),
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (b"42\n", b"")


def test_code_that_changed_is_told_apart(folder):
    double = own("mine_of_test.py:double")
    before = digests(double, len)
    assert len(before) == 1
    assert digests(len) == []
    (folder / "mine_of_test.py").write_text(CODE + "# better\n")
    assert digests(double) != before


def test_packages_bring_members(monkeypatch):
    points = [
        EntryPoint("fmean", "statistics:fmean", "netrobust.shapes"),
        EntryPoint("mean", "statistics:fmean", "netrobust.shapes"),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    shapes = Registry("shape")
    assert shapes["fmean"]([1, 2]) == 1.5
    assert list(shapes) == []
    with pytest.raises(InputError, match="names a function called 'fmean'; give both"):
        shapes["mean"]
    with pytest.raises(InputError, match=r"choose from: fmean, mean .did you mean"):
        shapes["fmea"]
