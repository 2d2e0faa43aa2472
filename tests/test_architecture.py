"""The import rules; the tables below are the rules.

A room of the house imports only rooms below it.
What is imported inside a function or for type checkers alone costs nothing at import,
and the third table says which modules owe their silence to it.
"""

import ast
import inspect
import pickle
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from networks import in_new_process

import netrobust

ROOT = Path(netrobust.__file__).parent
ANALYSES = ROOT.parent / "analyses"

# What each room may import of the others, from the ground floor up.
MAY_IMPORT = {
    "core": "",
    "data": "core",
    "graphs": "core",
    "stats": "core",
    "parallel": "core",
    "neural": "core data parallel",
    "figures": "core graphs stats",
    "convert": "core graphs neural",
    "experiments": "core convert data graphs neural parallel stats",
    "runs": "core convert data graphs neural parallel stats",
    "studies": (
        "core convert data experiments figures graphs neural parallel runs stats"
    ),
    "cli": "core data experiments graphs neural parallel runs studies",
    # what imports only on demand, or nothing
    "__init__": "core",
    "__main__": "cli",
}

# Where each package may be imported; a folder stands for all its modules.
PACKAGES = {
    "torch": (
        "neural.dense neural.evaluate neural.fused neural.gradient_attacks "
        "neural.learner neural.linear neural.model neural.network neural.rewire "
        "neural.sensitivity neural.sparse_module neural.train neural.weight_init "
        "neural.masked_kernel neural.module_linear "
        "parallel.threads convert "
        "experiments runs.environment"
    ),
    "networkx": ("convert.networkx_graphs convert.graph_files convert.gephi_files"),
    "igraph": "graphs convert experiments figures.network_drawings",
    "numba": (
        "neural.kernels neural.tile parallel.server parallel.threads "
        "runs.environment core.compiled"
    ),
    "llvmlite": "neural.tile",
    "pandas": (
        "stats figures convert.pandas_tables neural.initialise neural.network "
        "neural.train experiments runs studies cli"
    ),
    "pyarrow": "runs.tables",
    "distributed": "parallel.dask_cluster parallel.dask_worker",
    "matplotlib": "figures",
    "seaborn": "figures",
    "scipy": "convert figures graphs.measure graphs.theory stats",
    "powerlaw": "graphs.measure.tail",
    "threadpoolctl": "graphs.igraph_rng",
    "safetensors": "neural.network convert.checkpoint_files",
    "onnx": "convert.onnx_files",
    "torch_geometric": "convert.pyg_graphs",
    "bicm": "graphs.null.maxent",
    "pydantic": "core.settings neural.config studies.study",
    "pooch": "data.sources",
    "platformdirs": "data.cache",
    "bokeh": "figures.interactive",
    "cycler": "figures",
    "jinja2": "studies.report",
    "typer": "cli",
    "IPython": "parallel.progress_bar",
    "rich": "cli parallel.progress_bar",
    "numpy": "core data graphs stats neural figures convert experiments studies",
}

# What `netrobust list` loads, and what none of it loads.
LISTED = (
    "neural.input_attacks data.load neural.topology neural.sparsify "
    "graphs.perturb graphs.null graphs.measure"
)
HEAVY = "torch igraph matplotlib seaborn pandas"

LINES = 400


class Import(NamedTuple):
    module: str  # as in netrobust.neural.train, without the first part
    name: str  # what is imported, in full
    names: tuple[str, ...]  # from it
    at_once: bool  # when the module is imported
    line: int


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[:-1] else parts)


SOURCES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


@cache
def imports(path, module):
    found = []

    def visit(node, at_once):
        if isinstance(node, ast.Import):
            found.extend(
                Import(module, alias.name, (), at_once, node.lineno)
                for alias in node.names
            )
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            names = tuple(alias.name for alias in node.names)
            found.append(Import(module, name, names, at_once, node.lineno))
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, at_once and not lazy and not is_for_type_checkers(node))

    visit(ast.parse(path.read_text("utf-8")), at_once=True)
    return found


def all_imports():
    return [one for name, path in SOURCES.items() for one in imports(path, name)]


def within(module, places):
    return any(module == p or module.startswith(f"{p}.") for p in places.split())


def ours(one):
    """The rooms that an import reaches, if it is of netrobust."""
    first, *rest = one.name.split(".")
    if first != "netrobust":
        return []
    return rest[:1] or list(one.names)


def test_the_walk_sees_the_imports_it_should(tmp_path):
    path = tmp_path / "sample.py"
    path.write_text(
        "import a\nfrom b.c import d\nif TYPE_CHECKING:\n    import e\n"
        "def f():\n    from g import h\nclass I:\n    import j\n"
        "if x:\n    import k\nfrom . import m\n"
    )
    found = {one.name: one.at_once for one in imports(path, "sample")}
    assert found == {
        "a": True, "b.c": True, "e": False, "g": False, "j": True, "k": True, ".": True
    }  # fmt: skip


def test_every_module_is_in_a_room():
    assert {name.split(".")[0] for name in SOURCES} == set(MAY_IMPORT)


def test_rooms_import_what_the_table_allows():
    wrong = [
        f"{one.module}:{one.line} imports {one.name}"
        for one in all_imports()
        for reached in ours(one)
        if reached != one.module.split(".")[0]
        and reached not in MAY_IMPORT[one.module.split(".")[0]].split()
    ]
    assert not wrong


def test_no_room_imports_one_above_it():
    rooms = list(MAY_IMPORT)
    for place, allowed in enumerate(MAY_IMPORT.values()):
        assert set(allowed.split()) <= set(rooms[:place])


def test_packages_are_imported_where_the_table_allows():
    wrong = [
        f"{one.module}:{one.line} imports {one.name}"
        for one in all_imports()
        for package in [one.name.split(".")[0]]
        if package != "netrobust"
        and package not in sys.stdlib_module_names
        and not within(one.module, PACKAGES.get(package, ""))
    ]
    assert not wrong


def test_the_tables_allow_nothing_that_no_module_needs():
    needed = {
        (one.module.split(".")[0], room) for one in all_imports() for room in ours(one)
    }
    allowed = {(name, one) for name, text in MAY_IMPORT.items() for one in text.split()}
    assert allowed - needed == set()
    users = {(one.name.split(".")[0], one.module) for one in all_imports()}
    idle = [
        (package, place)
        for package, places in PACKAGES.items()
        for place in places.split()
        if not any(name == package and within(user, place) for name, user in users)
    ]
    assert not idle


def test_imports_are_absolute_and_never_of_the_public_root():
    for one in all_imports():
        assert not one.name.startswith("."), one
        assert one.name != "netrobust" or one.module.startswith("analyses"), one


def test_modules_are_imported_by_name_in_three_places_only():
    users = {
        name
        for name, path in SOURCES.items()
        if "import_module(" in path.read_text("utf-8")
        or "__import__(" in path.read_text("utf-8")
    }
    assert users == {"__init__", "studies.gallery", "core.own_functions"}


def test_modules_are_short_and_have_names():
    paths = [*SOURCES.values(), *ANALYSES.glob("*.py")]
    lines = {path.name: len(path.read_text("utf-8").splitlines()) for path in paths}
    assert {name: count for name, count in lines.items() if count > LINES} == {}
    assert not {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"} & set(
        lines
    )


# Analyses


def test_no_analysis_hides_a_module_of_the_standard_library():
    assert not {path.stem for path in ANALYSES.glob("*.py")} & sys.stdlib_module_names


@pytest.mark.parametrize("path", sorted(ANALYSES.glob("*.py")), ids=lambda p: p.stem)
def test_analyses_use_public_names_only(path):
    tree = ast.parse(path.read_text("utf-8"))
    for one in imports(path, f"analyses.{path.stem}"):
        first = one.name.split(".")[0]
        assert first in ("netrobust", "numpy", "pandas", "matplotlib") or (
            first in sys.stdlib_module_names
            or (path.stem, first)
            in {("your_own_model", "torch"), ("your_own_graph", "networkx")}
        ), one
        if first == "netrobust":
            assert one.name == "netrobust", one
            assert set(one.names) <= set(netrobust.__all__), one
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("nr", "netrobust")
    }
    assert used <= set(netrobust.__all__)


# What is loaded, and when

LOADED = """
import sys, importlib
for module in sys.argv[2:]:
    importlib.import_module(module)
print(*(name for name in sys.argv[1].split() if name in sys.modules))
"""


@pytest.mark.parametrize(
    "modules",
    [
        ["netrobust"],
        [f"netrobust.{name}" for name in LISTED.split()],
        ["netrobust.cli"],
    ],
    ids=["import netrobust", "netrobust list", "netrobust --help"],
)
def test_light_imports_load_nothing_heavy(modules):
    assert in_new_process(LOADED, HEAVY, *modules) == ""


def test_the_check_of_light_imports_would_see_a_heavy_one():
    found = in_new_process(LOADED, HEAVY, "netrobust.convert.network").split()
    assert {"torch", "igraph"} <= set(found)


def test_graphs_load_igraph_on_demand():
    eager = [
        one
        for one in all_imports()
        if one.at_once and one.module.startswith("graphs") and one.name == "igraph"
    ]
    assert not eager


# The public names


def test_dir_lists_the_public_names_and_nothing_else():
    assert dir(netrobust) == sorted(netrobust.__all__)
    assert len(set(netrobust.__all__)) == len(netrobust.__all__)


@pytest.mark.parametrize("name", netrobust.__all__)
def test_every_public_name_exists_and_says_what_it_is(name):
    value = getattr(netrobust, name)
    if type(value) in (dict, tuple):  # these speak for their type alone
        return
    text = inspect.getdoc(value) or ""
    assert text.split("\n")[0].rstrip().endswith((".", ":"))
    if inspect.isfunction(value) or inspect.isclass(value):
        assert value.__doc__
        assert value.__module__.partition(".")[0] == "netrobust"
    if inspect.isfunction(value):
        missing = [
            parameter
            for parameter, about in inspect.signature(value).parameters.items()
            if about.annotation is inspect.Parameter.empty
        ]
        assert not missing


def test_an_unknown_public_name_lists_the_known_ones():
    with pytest.raises(
        AttributeError, match=r"netrobust has no 'trian'; it has .*train"
    ):
        netrobust.trian  # noqa: B018


def test_a_public_name_stands_for_one_object():
    from netrobust.neural.train import train

    assert netrobust.train is netrobust.train
    assert inspect.unwrap(netrobust.train) is train
    assert pickle.loads(pickle.dumps(netrobust.train)) is netrobust.train
    assert netrobust.draw.__name__ == "netrobust.figures.draw"
