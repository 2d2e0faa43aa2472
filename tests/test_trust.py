"""No file can make netrobust run code: what may read files, and how; tables are rules.

Pickle between our own processes, as pools do it, is no file of a user's.
"""

import ast
from pathlib import Path

import pytest

import netrobust

ROOT = Path(netrobust.__file__).parent
FOLDERS = ROOT, ROOT.parent / "analyses", ROOT.parent / "benchmarks"
SOURCES = {
    path.relative_to(ROOT.parent).with_suffix("").as_posix(): path.read_text("utf-8")
    for folder in FOLDERS
    for path in sorted(folder.rglob("*.py"))
}

# What runs or unpickles what it is given, by the last part of its name.
NEVER = {
    "literal_eval", "Unpickler", "read_pickle",
    "Read_Pickle", "Read_Picklez", "read_hdf", "unsafe_load", "full_load", "load_npz",
    "extractall", "unpack_archive", "extract", "fromfile",
    "genfromtxt", "read_csv", "read_html", "read_xml", "Load", "Read",
}  # fmt: skip
BUILT_IN = {"eval", "exec", "compile", "__import__"}
# Where pickles go between our own processes.
BETWEEN_OUR_PROCESSES = {
    "netrobust/core/own_functions": {"pickle.loads"},
    "netrobust/parallel/executor": {"pickle.loads"},
}
NEVER_OF = {  # what these modules read may be code
    "os": {"system", "popen"},
    "pickle": {"load", "loads", "Unpickler"},
    "marshal": {"load", "loads"},
    "yaml": {"load", "load_all"},
    "joblib": {"load"},
    "dill": {"load", "loads"},
    "cloudpickle": {"load", "loads"},
    "jsonpickle": {"decode"},
}
NO_MODULES = {
    "shelve", "dill", "cloudpickle", "joblib", "jsonpickle", "yaml", "marshal", "lxml",
    "imp", "cPickle", "xml.etree", "xml.dom", "xml.sax", "h5py", "tables",
}  # fmt: skip

# Functions that may be called with these literal arguments alone.
ONLY_WITH = {
    "np.load": {"allow_pickle": False},
    "numpy.load": {"allow_pickle": False},
    "torch.load": {"weights_only": True},
    "open_memmap": {"allow_pickle": False},
    "read_array": {"allow_pickle": False},
}
# Parsers of others, each called in one module, by a function that a guard calls.
PARSERS = {
    "Read_GraphML": "netrobust/graphs/files",
    "loadmat": "netrobust/convert/matlab",
    "whosmat": "netrobust/convert/matlab",
    "torch.load": "netrobust/convert/checkpoint_files",
    "mmread": "netrobust/convert/graph_files",
    "read_parquet": "netrobust/runs/tables",
    "tarfile.open": "netrobust/data/archive",
}
IN_A_CHILD = {
    "parse_graphml", "parse_mat", "parse_torch", "parse_tables", "parse_member",
    "parse_gml", "parse_gexf", "parse_mtx", "parse_onnx",
}  # fmt: skip


def called(node):
    """Give the name of what is called: in full, and its last part."""
    name = ast.unparse(node.func)
    return name, name.rpartition(".")[2]


def faults(text):
    """List what a source text does that none may."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            names = [alias.name for alias in node.names]
            for name in [module] if module else names:
                if any(name == no or name.startswith(f"{no}.") for no in NO_MODULES):
                    found.append(f"import of {name}")
            found += [
                f"import of {name} from {module}"
                for name in names
                if name in NEVER_OF.get(module, ())
            ]
        if not isinstance(node, ast.Call):
            continue
        full, last = called(node)
        package = full.partition(".")[0]
        if full in BUILT_IN or last in NEVER or last in NEVER_OF.get(package, ()):
            found.append(f"call of {full}")
        given = {one.arg: one.value for one in node.keywords}
        for name in (full, last):
            for argument, value in ONLY_WITH.get(name, {}).items():
                literal = given.get(argument)
                if not isinstance(literal, ast.Constant) or literal.value is not value:
                    found.append(f"{full} without {argument}={value}")
        for argument, value in (("allow_pickle", True), ("shell", True)):
            literal = given.get(argument)
            if isinstance(literal, ast.Constant) and literal.value is value:
                found.append(f"{full} with {argument}={value}")
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_no_module_reads_a_file_as_code(name):
    allowed = {f"call of {one}" for one in BETWEEN_OUR_PROCESSES.get(name, ())}
    found = set(faults(SOURCES[name]))
    assert found - allowed == set()
    assert allowed <= found  # the table names nothing that is gone


BAD = [
    "import shelve",
    "import yaml as y",
    "from xml.etree import ElementTree",
    "from pickle import loads",
    "pickle.load(file)",
    "np.load(path)",
    "np.load(path, allow_pickle=flag)",
    "np.load(path, allow_pickle=True)",
    "torch.load(path)",
    "torch.load(path, weights_only=False)",
    "pd.read_pickle(path)",
    "Graph.Read_Pickle(path)",
    "Graph.Read(path)",
    "eval(text)",
    "def f():\n    exec(text)",
    "archive.extractall(folder)",
    "subprocess.run(line, shell=True)",
    "os.system(line)",
]


@pytest.mark.parametrize("text", BAD)
def test_the_check_sees_what_it_should(text):
    assert faults(text)


def test_the_check_lets_pass_what_is_right():
    text = (
        "import re, json, pickle, torch\nre.compile('a')\njson.loads(t)\n"
        "pickle.dumps(job)\nnp.load(p, allow_pickle=False)\n"
        "torch.load(p, weights_only=True)\nmodel.eval()\nsubprocess.run(['a'])\n"
    )
    assert faults(text) == []


@pytest.mark.parametrize("parser", PARSERS)
def test_parsers_of_others_are_called_in_one_place(parser):
    users = {
        name
        for name, text in SOURCES.items()
        if name.startswith("netrobust")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and parser in called(node)
    }
    assert users <= set(PARSERS[parser].split())
    assert users


def test_functions_with_parsers_of_others_are_called_by_a_guard_alone():
    handed = set()
    for name, text in SOURCES.items():
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            assert called(node)[1] not in IN_A_CHILD, f"{name}:{node.lineno}"
            if called(node)[1] in ("guarded", "_child"):
                handed.add(ast.unparse(node.args[0]))
    assert handed - {"parse"} == IN_A_CHILD  # which `_child` hands on to `guarded`
