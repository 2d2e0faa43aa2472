"""The engine: an option is declared once, a column once, and both reach everything."""

import ast
import inspect
import re
from pathlib import Path
from typing import get_type_hints

import pytest
from small import Drawer, digits, listing, netrobust, network, run_with, same

import netrobust as nr
from netrobust.cli.options import bundled
from netrobust.convert.network import to_links
from netrobust.core.errors import InputError
from netrobust.core.settings import flag
from netrobust.experiments import columns
from netrobust.experiments.columns import TABLES, check_names, row
from netrobust.experiments.compare import compare
from netrobust.experiments.options import (
    OPTIONS,
    Option,
    Options,
    check_options,
    takes_options,
)
from netrobust.experiments.percolate import Percolation, percolate
from netrobust.experiments.plan import check_grid
from netrobust.experiments.recover import recover
from netrobust.graphs.damage import Links
from netrobust.stats.columns import KEY_COLUMNS, KEYS, Column

ROOT = Path(nr.__file__).parent
SMALL = {"fractions": [0, 0.5], "replicates": 1, "images": 50}


@pytest.fixture
def careful(monkeypatch):
    """An option that somebody has declared, and used nowhere."""
    option = Option(False, flag, "Take care.", "Whether to take care.")
    monkeypatch.setitem(OPTIONS, "careful", option)
    return option


# Options


def test_a_declared_option_is_a_keyword_that_is_checked_and_keyed(careful):
    plain, other = Drawer(), Drawer()
    same(
        percolate(network(), digits(), **SMALL, parts=plain),
        percolate(network(), digits(), **SMALL, parts=other, careful=True),
    )
    assert not plain.kept.keys() & other.kept.keys()
    with pytest.raises(InputError, match="careful must be true or false; got 3"):
        compare(network(), digits(), "shuffle_all", careful=3)


def test_a_declared_option_reaches_those_who_score(careful, monkeypatch):
    seen = []

    def scored(self, unit):
        seen.append(self.plan.options["careful"])
        return iter(())

    monkeypatch.setattr(Percolation, "scored", scored)
    sweep = Percolation.planned(
        network(), digits(), perturbations="random_links", scope="per_layer", seed=0,
        jobs=1, careful=True, **SMALL,
    )  # fmt: skip
    sweep.table(next(iter(sweep.units())))
    assert seen == [True]


def test_a_declared_option_is_shown_in_signature_docstring_and_command(careful):
    @takes_options
    def mine(networks: int, **options):
        """Do.

        Parameters
        ----------
        networks : int
        **options
        """

    assert list(inspect.signature(mine).parameters) == ["networks", *OPTIONS]
    assert "    careful : bool\n        Whether to take care.\n" in mine.__doc__

    @bundled()
    def verb(*, rows: Options) -> dict:
        return rows

    shown = inspect.signature(verb).parameters
    assert list(shown) == [*OPTIONS]
    (said,) = shown["careful"].annotation.__metadata__
    assert (said.default, said.help) == ("--careful", "Take care.")
    given = dict.fromkeys(OPTIONS, True)
    assert verb(**given) == given


def test_options_stand_in_the_public_signatures():
    for function in (nr.percolate, nr.compare):
        known = inspect.signature(function).parameters
        for name, option in OPTIONS.items():
            assert known[name].default == option.default
            assert f"    {name} : {option.kind.__name__}\n" in function.__doc__
        assert "**options" not in function.__doc__
    hints = get_type_hints(Options)
    assert {name: one.kind for name, one in OPTIONS.items()} == hints


def test_what_is_no_option_is_refused():
    with pytest.raises(TypeError, match="no option 'detail'; it has retrain, details"):
        percolate(network(), digits(), detail=True)
    with pytest.raises(InputError, match="has no topology to retrain; leave it out"):
        check_options({"retrain": True}, [network("dense_small")])


def test_an_option_is_named_in_two_files():
    """Where it is declared, and where it acts."""

    def named(path):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node.value in OPTIONS:
                yield node.value
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                yield node.target.id

    files = {
        name: [
            path.name
            for room in ("experiments", "cli")
            for path in sorted(ROOT.glob(f"{room}/*.py"))
            if name in set(named(path))
        ]
        for name in OPTIONS
    }
    # A column that an option brings, or tells of, is declared with the columns.
    for name, found in files.items():
        # Modules are scored by the functions that score networks.
        acts = {"percolate.py", "module_scores.py", "score.py"}
        assert {*found} <= {"options.py", "columns.py", *acts}, name
        assert {"options.py", "percolate.py"} <= {*found}, name


# Columns


def test_a_declared_column_is_in_the_table_and_refuses_its_name(monkeypatch):
    new = Column("kept", "number", "what is left", lambda facts: 1 - facts["removed"])
    monkeypatch.setattr(Percolation, "columns", (*columns.PERCOLATION, new))
    table = percolate(network(), digits(), **SMALL)
    assert table.columns.tolist()[-2:] == ["kept", "giant_component"]
    assert table.kept.tolist() == (1 - table.removed).tolist()

    def kept(graph):
        return 0.0

    with pytest.raises(InputError, match="a measure cannot be called 'kept'"):
        percolate(network(), digits(), measures=[kept], **SMALL)


@pytest.mark.parametrize(
    ("table", "make"),
    [
        ("percolation", lambda: percolate(network(), digits(), details=True, **SMALL)),
        ("nulls", lambda: compare(network(), digits(), "shuffle_all", 1, images=50)),
        ("attacks", lambda: nr.attack(network(), digits(), "fgsm", [0], images=20)),
        ("recovery", lambda: recover(network(), digits(), epochs=1, modes="frozen")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_table_has_the_columns_that_are_declared_in_their_kinds(table, make):
    found, declared = make(), [*KEY_COLUMNS, *TABLES[table]]
    kinds = {"text": "OUT", "flag": "b", "integer": "iu", "number": "f"}
    place = 0
    for name in found.drop(columns="giant_component", errors="ignore"):
        while not declared[place].called(name):
            place += 1
        assert found[name].dtype.kind in kinds[declared[place].kind], name


def test_a_column_of_details_is_there_only_with_them():
    facts = dict.fromkeys([*KEYS, "images", "removed", "moved"], 0)
    scores = {"accuracy": 1.0, "loss": 0.0, "confidence": 1.0, "ece": 0.0}
    scores["accuracy_0"] = 1.0
    cells = row(columns.PERCOLATION, {**facts, "details": False}, {}, scores, {})
    assert list(cells)[len(KEYS) :] == [
        "images",
        "removed",
        "accuracy",
        "loss",
        "moved",
    ]
    more = row(columns.PERCOLATION, {**facts, "details": True}, {}, scores, {})
    assert {*more} - {*cells} == {"confidence", "ece", "accuracy_0"}


def test_what_evaluate_gives_may_have_any_name_that_no_column_has():
    check_names(["bits"], ["links", "mode"], columns.MODULE)
    for name in ("removed", "moved", "fraction", "bits"):
        with pytest.raises(InputError, match=f"a measure cannot be called '{name}'"):
            check_names(["bits"], [name], columns.MODULE)


# Fractions


def test_fractions_that_differ_by_rounding_are_one_key():
    assert check_grid([0.1 * 3, 1]) == (0.3, 1.0)
    with pytest.raises(InputError, match="fractions must rise without repeats"):
        check_grid([0.3, 0.1 * 3])
    one, two = Drawer(), Drawer()
    options = {**SMALL, "parts": one}
    same(
        percolate(network(), digits(), **{**options, "fractions": [0, 0.3]}),
        percolate(
            network(), digits(), **{**options, "fractions": [0, 0.1 * 3], "parts": two}
        ),
    )
    assert one.kept.keys() == two.kept.keys()


# Graphs


@pytest.mark.parametrize("head", [False, True])
@pytest.mark.parametrize("method", ["set", "dense_small"])
def test_links_of_a_network_are_those_of_its_graph(method, head):
    model = network(method).model
    ours = to_links(model, head)
    theirs = Links.of(nr.to_graph(model, head=head))
    assert ours.sizes == theirs.sizes
    assert (ours.first_depth, {**ours.attributes}) == (theirs.first_depth, {})
    for name in ("source", "target", "weight", "bias"):
        one, other = getattr(ours, name), getattr(theirs, name)
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()


def test_a_sweep_of_removals_builds_no_graph(monkeypatch):
    def never(*arguments):
        raise AssertionError("a graph was built")

    monkeypatch.setattr(Links, "graph", never)
    assert len(percolate(network(), digits(), **SMALL)) == 2


# The command


def test_the_verbs_that_sweep_share_their_options(tmp_path):
    run_with(tmp_path / "run", "set")
    before = listing(tmp_path)
    texts = {
        verb: netrobust(verb, "--help", cwd=tmp_path, COLUMNS="200").out
        for verb in ("percolate", "compare", "attack", "recover")
    }
    flags = {verb: set(re.findall(r"--[a-z-]+", text)) for verb, text in texts.items()}
    shared = {"--replicates", "--seed", "--images", "--name", "--jobs", "--scheduler",
              "--shard", "--data-dir", "--dry-run", "--quiet", "--json"}  # fmt: skip
    assert all(shared <= found for found in flags.values())
    own = {f"--{name}" for name in OPTIONS}
    assert own <= flags["percolate"] & flags["compare"]
    assert not own & (flags["attack"] | flags["recover"])
    assert "[default: 20]" in texts["compare"]
    assert "[default: 1000]" in texts["attack"]
    assert listing(tmp_path) == before
