"""Public functions called with one wrong argument at a time.

Each function has a call that is right; in it one argument after the other is replaced
by each of the wrong values. A call may work, for not every value is wrong for every
argument; or it is refused, in one sentence. Nothing else may come of it: no error from
deep inside, no warning, no hang, no process out of memory, no file outside the sandbox.
"""

import itertools
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from inspect import isfunction
from pathlib import Path
from typing import Any, NamedTuple

import igraph
import networkx
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from networks import tiny_data

import netrobust as nr
from netrobust.runs.folder import create_run

# What came of a call.
WORKED, REFUSED, NAMED = "worked", "refused", "argument named"
AS_IT_SHOULD = (WORKED, REFUSED, NAMED)


class Call(NamedTuple):
    """A function, and arguments with which it works."""

    function: Callable[..., Any]
    right: Callable[[], dict[str, Any]]


class Case(NamedTuple):
    """One argument of one call, and what comes in its place."""

    name: str
    argument: str
    wrong: str


@cache
def data() -> nr.Dataset:
    return tiny_data(60)


@cache
def network() -> nr.Network:
    config = nr.TrainConfig(hidden=(8, 6), sparsity=0.5, epochs=1)
    return nr.train(data(), config)


@cache
def other() -> nr.Network:
    config = nr.TrainConfig(sparsifier="static", hidden=(8, 6), sparsity=0.5, epochs=1)
    return nr.train(data(), config, seed=1)


def graph() -> igraph.Graph:
    return nr.to_graph(network().model)


def layer() -> igraph.Graph:
    return nr.layers(graph())[0]


def module() -> torch.nn.Sequential:
    torch.manual_seed(0)
    one, two = torch.nn.Linear(6, 5), torch.nn.Linear(5, 3)
    return torch.nn.Sequential(one, torch.nn.ReLU(), two)


def score_of(module: torch.nn.Module) -> dict[str, float]:
    with torch.no_grad():
        return {"sum": float(module(torch.ones(1, 6)).sum())}


@cache
def curves() -> pd.DataFrame:
    asked = {"fractions": [0, 0.5, 1], "replicates": 2}
    return nr.percolate([network(), other()], data(), **asked)


@cache
def nulls() -> pd.DataFrame:
    return nr.compare(network(), data(), ["shuffle_all"], replicates=3)


@cache
def paired() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = itertools.product(["a", "b"], range(6))
    table = pd.DataFrame(rows, columns=["sparsifier", "network_seed"])
    table["dataset"], table["perturbation"] = "tiny", "random_links"
    return table.assign(accuracy=rng.random(12), links=rng.random(12))


def summary() -> pd.DataFrame:
    return nr.summarise(curves(), "accuracy", by=["sparsifier", "fraction"])


def differences() -> pd.DataFrame:
    table = pd.DataFrame({"difference": [0.1], "low": [0.0], "high": [0.2]})
    return table.assign(removed="links", method="SET", sure=True)


def two_each() -> pd.DataFrame:
    table = paired().query("sparsifier == 'a'")
    return pd.concat([table.assign(replicate=n, links=n) for n in range(2)])


def labelled() -> Figure:
    axes = ax()
    axes.plot([0, 1], label="set")
    return axes.figure


def ax() -> Any:
    return Figure().subplots()


SOME = {"fractions": [0, 1], "replicates": 1}


def at(name: str) -> Callable[..., Any]:
    """Give a public function by its name, as users write it."""
    value: Any = nr
    for part in name.split("."):
        value = getattr(value, part)
    found: Callable[..., Any] = value
    return found


#: The right call of every public function that takes arguments.
RIGHT: dict[str, Callable[[], dict[str, Any]]] = {
    "load": lambda: {"name": "mnist-5k", "data_dir": "."},
    "sparsifier": lambda: {"name": "set"},
    "topology": lambda: {"name": "erdos_renyi"},
    "sparsity_at": lambda: {"mean_in_degree": 2.0, "sizes": [16, 8, 6, 3]},
    "train": lambda: {
        "data": data(),
        "config": nr.TrainConfig(hidden=(4,), sparsity=0.5, epochs=1),
        "seed": 0,
        "start": None,
        "path": "trained.safetensors",
        "observe": None,
        "progress": False,
    },
    "sparsify": lambda: {
        "module": module(),
        "sparsifier": "set",
        "sparsity": 0.5,
        "layers": ["0"],
        "zeta": 0.3,
        "updates": 10,
        "topology": "erdos_renyi",
        "chained": True,
        "seed": 0,
    },
    "load_network": lambda: {"path": "network.safetensors"},
    "save_network": lambda: {"network": network(), "path": "saved.safetensors"},
    "reinitialised": lambda: {
        "model": network().model,
        "rng": np.random.default_rng(0),
        "weights": "swi",
    },
    "to_graph": lambda: {"model": network().model, "head": False},
    "to_model": lambda: {"graph": graph(), "like": network().model},
    "from_links": lambda: {
        "sizes": [2, 1],
        "source": [0, 1],
        "target": [2, 2],
        "weight": [1.0, 2.0],
        "bias": [0.0, 0.0, 1.0],
        "first_depth": 0,
    },
    "links": lambda: {"graph": graph()},
    "biases": lambda: {"graph": graph()},
    "sizes": lambda: {"graph": graph()},
    "layers": lambda: {"graph": graph()},
    "stack": lambda: {"layers": nr.layers(graph())},
    "check": lambda: {"graph": graph()},
    "read": lambda: {"path": "graph.graphml"},
    "write": lambda: {"graph": layer(), "path": "layer.npz"},
    "degrees": lambda: {"graph": graph()},
    "strengths": lambda: {"graph": graph()},
    "absolute_strengths": lambda: {"graph": graph()},
    "singular_values": lambda: {"layer": layer()},
    "link_overlap": lambda: {"one": layer(), "other": layer()},
    "topology_distance": lambda: {"one": layer(), "other": layer()},
    "tail": lambda: {
        "values": np.random.default_rng(0).zipf(2.5, 60),
        "rng": 0,
        "xmin": 1,
        "samples": 2,
        "least": 10,
    },
    "apply": lambda: {
        "graph": layer(),
        "damage": nr.random_links(layer(), np.random.default_rng(0), 0.5),
    },
    "random_links": lambda: {
        "graph": layer(),
        "rng": np.random.default_rng(0),
        "fraction": 0.5,
        "scope": "per_layer",
    },
    "strongest_links": lambda: {
        "graph": layer(),
        "rng": np.random.default_rng(0),
        "fraction": 0.5,
    },
    "weakest_links": lambda: {
        "graph": layer(),
        "rng": np.random.default_rng(0),
        "fraction": 0.5,
    },
    "itop_rate": lambda: {"density": 0.1, "zeta": 0.3, "updates": 3},
    "link_survival": lambda: {"density": 0.1, "zeta": 0.3, "updates": 3},
    "percolation": lambda: {"graph": layer(), "order": range(layer().ecount())},
    "canonical": lambda: {"values": [[1.0, 2.0, 3.0]], "p": [0.5]},
    "fluctuation": lambda: {"largest": [[1, 2, 3], [1, 3, 3]]},
    "threshold": lambda: {
        "largest": [[1, 2, 3], [1, 3, 3]],
        "second": [[0, 1, 0], [0, 1, 0]],
        "rng": 0,
        "resamples": 10,
        "confidence": 0.9,
    },
    "randomise": lambda: {
        "graph": layer(),
        "null_model": "shuffle_all",
        "rng": 0,
        "scope": None,
    },
    "score": lambda: {
        "model": network().model,
        "data": data(),
        "damage": None,
        "images": 10,
        "threads": 1,
        "head": False,
        "details": False,
    },
    "marked": lambda: {"model": network().model, "data": data(), "images": 20},
    "percolate": lambda: {
        "networks": network(),
        "data": data(),
        "perturbations": ["random_links"],
        **SOME,
        "measures": ["giant_component"],
        "null_models": ["none"],
        "scope": "per_layer",
        "seed": 0,
        "images": 10,
        "jobs": 1,
        "parts": None,
        "tick": None,
        "executor": None,
        "training_images": 20,
        "retrain": False,
        "details": False,
    },
    "compare": lambda: {
        "networks": network(),
        "data": data(),
        "null_models": ["shuffle_all"],
        "replicates": 1,
        "measures": ["giant_component"],
        "seed": 0,
        "images": 10,
        "jobs": 1,
        "parts": None,
        "tick": None,
        "executor": None,
        "details": False,
    },
    "to_layers": lambda: {
        "module": module(),
        "names": ["0"],
        "example": None,
        "order": None,
        "masks": None,
        "links": "slices",
    },
    "to_module": lambda: {
        "layers": nr.to_layers(module()),
        "like": module(),
        "names": None,
        "masks": None,
        "links": "slices",
    },
    "percolate_module": lambda: {
        "module": module(),
        "evaluate": score_of,
        "perturbations": ["random_links"],
        **SOME,
        "measures": None,
        "null_models": ["none"],
        "scope": "per_layer",
        "seed": 0,
        "layers": None,
        "example": None,
        "order": None,
        "masks": None,
        "links": "slices",
        "name": None,
        "dataset": "none",
        "sparsifier": "none",
        "network_seed": 0,
        "jobs": 1,
        "parts": None,
        "tick": None,
        "executor": None,
    },
    "state_layers": lambda: {
        "state": module().state_dict(),
        "groups": None,
        "masks": None,
        "order": None,
        "transpose": False,
        "links": "slices",
    },
    "read_layers": lambda: {
        "path": "state.npz",
        "groups": None,
        "key": None,
        "masks": None,
        "order": None,
        "transpose": False,
        "links": "slices",
    },
    "from_scipy": lambda: {
        "matrix": nr.to_scipy(layer()),
        "bias": np.zeros(8),
        "first_depth": 0,
    },
    "to_scipy": lambda: {"layer": layer()},
    "write_scipy": lambda: {"layer": layer(), "path": "layer.npz"},
    "from_networkx": lambda: {"graph": nr.to_networkx(layer())},
    "to_networkx": lambda: {"graph": layer()},
    "from_igraph": lambda: {"graph": layer()},
    "from_pandas": lambda: {
        "edges": pd.DataFrame({"a": ["x", "y"], "b": ["u", "u"], "w": [1.0, 2.0]}),
        "source": "a",
        "target": "b",
        "weight": "w",
    },
    "to_pandas": lambda: {"graph": layer()},
    "write_gephi": lambda: {
        "graph": layer(),
        "path": "layer.gexf",
        "image_shape": None,
    },
    "attack": lambda: {
        "networks": network(),
        "data": data(),
        "attacks": ["fgsm"],
        "eps": [0, 0.1],
        "perturbation": "none",
        "fractions": [0.0],
        "replicates": 1,
        "images": 10,
        "seed": 0,
        "scope": "per_layer",
        "jobs": 1,
        "parts": None,
        "tick": None,
        "executor": None,
    },
    "recover": lambda: {
        "networks": network(),
        "data": data(),
        "perturbation": "random_links",
        "fractions": [0.5],
        "epochs": 1,
        "modes": ["frozen"],
        "scope": "per_layer",
        "replicates": 1,
        "seed": 0,
        "images": 10,
        "jobs": 1,
        "parts": None,
        "tick": None,
        "executor": None,
    },
    "theory_table": lambda: {
        "networks": network(),
        "data": data(),
        "fractions": [0, 0.5],
        "jobs": 1,
    },
    "measure": lambda: {"subject": layer(), "measures": ["giant_component"]},
    "degree_table": lambda: {"subject": layer()},
    "tail_table": lambda: {"subject": layer(), "samples": 2, "least": 10, "seed": 0},
    "summarise": lambda: {
        "table": curves(),
        "value": "accuracy",
        "by": ["sparsifier", "fraction"],
        "level": 0.95,
        "draws": 100,
        "seed": 0,
        "each": False,
    },
    "robustness": lambda: {
        "table": curves(),
        "value": "accuracy",
        "chance": 1 / 3,
        "floor": 0.0,
        "each": False,
    },
    "gap": lambda: {
        "table": curves(),
        "function": "accuracy",
        "structure": "giant_component",
        "chance": 1 / 3,
        "floor": 0.0,
    },
    "paired_tests": lambda: {
        "table": paired(),
        "value": "accuracy",
        "between": "sparsifier",
        "by": ["dataset"],
        "pair": ["network_seed"],
        "against": "a",
        "family": [],
        "level": 0.05,
        "draws": 100,
        "seed": 0,
        "margin": None,
        "effect": 1.0,
    },
    "networks_needed": lambda: {"effect": 1.0, "least": 0.8, "level": 0.05},
    "power": lambda: {"networks": 6, "effect": 1.0, "level": 0.05},
    "variance_components": lambda: {
        "table": two_each(),
        "value": "accuracy",
        "by": "dataset",
    },
    "against_null": lambda: {
        "table": nulls(),
        "value": "accuracy",
        "side": "two-sided",
        "as_trained": True,
    },
    "rank_correlation": lambda: {
        "table": paired(),
        "x": "links",
        "y": "accuracy",
        "by": ["dataset"],
        "within": [],
        "family": [],
        "level": 0.05,
        "draws": 100,
        "seed": 0,
    },
    "open_run": lambda: {"path": "run"},
    "null_model": lambda: {"conserves": ("links",), "package": None},
    "removal": lambda: {"order": None, "recomputes": False},
    "neuron_removal": lambda: {"order": None, "name": "mine", "recomputes": False},
    "reweighting": lambda: {"change": None},
    "input_attack": lambda: {"unit": "linf", "square": False},
    "Dataset.from_arrays": lambda: {
        "x_train": data().x_train,
        "y_train": data().y_train,
        "x_test": data().x_test,
        "y_test": data().y_test,
        "name": "mine",
        "image_shape": (4, 4),
    },
    "SparseLinear": lambda: {
        "n_in": 2,
        "n_out": 1,
        "source": [0, 1],
        "target": [0, 0],
        "weight": [1.0, 2.0],
        "bias": [0.0],
    },
    "SparseMLP": lambda: {
        "layers": network().model.hidden_layers,
        "head": network().model.head,
        "mean": 0.0,
        "std": 1.0,
    },
    "Damage": lambda: {"kept": np.arange(2), "weight": None, "bias": None},
    "Links.of": lambda: {"graph": layer()},
    "Shard.parse": lambda: {"text": "1/2"},
    "theory.cm_layer_giant": lambda: {
        "degree_a": [1, 2, 3],
        "degree_b": [2, 2, 2],
        "p": 0.5,
        "occupied": 1.0,
    },
    "theory.cm_layer_threshold": lambda: {
        "degree_a": [1, 2, 3],
        "degree_b": [2, 2, 2],
        "occupied": 1.0,
    },
    "theory.cm_reach": lambda: {"graph": graph(), "p": 0.5, "inputs": 1.0},
    "theory.cm_stack_giant": lambda: {"graph": graph(), "p": 0.5},
    "theory.cm_stack_threshold": lambda: {"graph": graph()},
    "theory.effective_links": lambda: {
        "graph": graph(),
        "activation": np.ones(sum(nr.sizes(graph()))),
    },
    "theory.er_layer_giant": lambda: {"mean_a": 2.0, "mean_b": 2.0, "p": 0.9},
    "theory.er_layer_threshold": lambda: {"mean_a": 2.0, "mean_b": 2.0},
    "theory.er_reach": lambda: {
        "sizes": [9, 9, 9],
        "density": [0.5, 0.5],
        "p": 0.5,
        "inputs": 1.0,
    },
    "theory.er_stack_giant": lambda: {
        "sizes": [9, 9, 9],
        "density": [0.5, 0.5],
        "p": 0.5,
    },
    "theory.er_stack_threshold": lambda: {"sizes": [9, 9, 9], "density": [0.5, 0.5]},
    "theory.erdos_renyi_degrees": lambda: {"own": 5, "other": 5, "links": 7},
    "theory.message_passing_giant": lambda: {"graph": graph(), "p": 0.5},
    "theory.nonbacktracking_threshold": lambda: {"graph": graph()},
    "theory.path_fraction": lambda: {"p": 0.5, "layers": 3},
    "theory.path_fraction_global": lambda: {"kept": 5, "links": 9, "layers": 2},
    "theory.predicted_f50": lambda: {
        "k_eff": [2.0, 3.0],
        "level": 1.0,
        "averaged": False,
    },
    "theory.relative_noise": lambda: {"k_eff": [2.0, 3.0], "p": 0.5, "averaged": False},
    "draw.ccdf": lambda: {
        "summary": summary(),
        "ax": ax(),
        "x": "fraction",
        "hue": "sparsifier",
        "null": None,
        "band": None,
    },
    "draw.colour_bar": lambda: {"axes": [mosaic()], "text": "share"},
    "draw.curve": lambda: {
        "summary": summary(),
        "x": "fraction",
        "ax": ax(),
        "hue": "sparsifier",
        "style": None,
        "ylabel": None,
        "chance": 0.1,
        "names": None,
    },
    "draw.equal_spans": lambda: {"axes": [ax(), ax()]},
    "draw.forest": lambda: {
        "ax": ax(),
        "table": differences(),
        "y": "removed",
        "hue": "method",
        "filled": "sure",
        "rows": ["links"],
        "styles": {"SET": {"color": "red", "marker": "o"}},
    },
    "draw.hue_styles": lambda: {"values": ["set", "static"]},
    "draw.image_side": lambda: {"pixels": 16},
    "draw.label": lambda: {"value": "set"},
    "draw.legend": lambda: {"figure": labelled(), "title": None},
    "draw.note": lambda: {"summary": summary()},
    "draw.counted": lambda: {"counts": pd.Series([2, 1]), "noun": "network"},
    "draw.ordered": lambda: {"values": pd.Series(["set", "static"])},
    "draw.panel_letters": lambda: {"axes": [ax()]},
    "draw.panels": lambda: {
        "rows": 1,
        "columns": 1,
        "width": 3.4,
        "height": 2.3,
        "sharex": False,
        "sharey": False,
        "widths": None,
        "heights": None,
    },
    "draw.points": lambda: {
        "summary": summary().query("fraction == 0"),
        "x": "sparsifier",
        "ax": ax(),
        "hue": None,
        "ylabel": None,
        "chance": None,
        "intact": None,
        "orient": "v",
    },
    "draw.layer": lambda: {"graph": layer(), "ax": ax(), "most": 5},
    "draw.pixels": lambda: {"graph": graph(), "value": "degree", "ax": ax()},
    "draw.thin": lambda: {
        "summary": summary(),
        "x": "fraction",
        "ax": ax(),
        "hue": "sparsifier",
        "name": "a",
        "style": None,
    },
    "draw.size": lambda: {"points": 2.0},
    "draw.remark": lambda: {"ax": ax(), "heading": "a", "lines": {"set": "b"}},
    "draw.sampling_band": lambda: {"share": [0.5], "neurons": [9], "level": 0.9},
    "draw.save": lambda: {
        "figure": ax().figure,
        "table": summary(),
        "folder": "figures",
        "stem": "one",
    },
    "draw.summary_table": lambda: {
        "summary": summary(),
        "rows": ["fraction"],
        "spec": ".3f",
        "note": "a",
    },
    "draw.text_table": lambda: {"heads": ["a"], "rows": [["b"]], "note": "c"},
}


def mosaic() -> Any:
    axes = ax()
    axes.imshow(np.zeros((2, 2)))
    return axes


#: Public functions without arguments that could be wrong, or tried elsewhere.
ELSEWHERE = {
    "signed_measures", "info", "draw.style", "draw.mosaic",
    "reproduce", "merge", "report",  # by the command line
    "from_pyg", "to_pyg",  # of a package that is not always here
}  # fmt: skip


def public() -> set[str]:
    """Names of all public functions, as users write them."""
    names = {name for name in nr.__all__ if isfunction(getattr(nr, name))}
    for module in ("draw", "theory"):
        home = getattr(nr, module)
        found = {one for one in home.__all__ if isfunction(getattr(home, one))}
        names |= {f"{module}.{one}" for one in found if one not in names}
    return names


def of_nothing() -> None:
    """Take nothing, and so none of what functions of the user's own are given."""


#: Modules called as functions, which answer for themselves.
OWN = {("tick", "module"), ("evaluate", "module")}


def endless() -> Iterator[int]:
    return itertools.count()


#: Values that are wrong for most arguments, by how they are written.
WRONG: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "-1": lambda: -1,
    "0": lambda: 0,
    "2": lambda: 2,
    "1.5": lambda: 1.5,
    "10**7": lambda: 10**7,
    "10**18": lambda: 10**18,
    "2**70": lambda: 2**70,
    "10**5000": lambda: 10**5000,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "1e300": lambda: 1e300,
    "1j": lambda: 1j,
    "text without": lambda: "",
    "unknown word": lambda: "nothing of this name",
    "long text": lambda: "a" * 5000,
    "text with NUL": lambda: "a\0b",
    "text beyond UTF-8": lambda: "a\udcffb",
    "bytes": lambda: b"abc",
    "object": object,
    "function": lambda: of_nothing,
    "type": lambda: int,
    "empty list": list,
    "[None]": lambda: [None],
    "['x']": lambda: ["x"],
    "[[0]]": lambda: [[0]],
    "[nan]": lambda: [float("nan")],
    "[-1, 10**18]": lambda: [-1, 10**18],
    "empty dict": dict,
    "{'a': 1}": lambda: {"a": 1},
    "set": lambda: {1, 2},
    "endless iterator": endless,
    "array of no size": lambda: np.zeros(0),
    "array of two dimensions": lambda: np.ones((2, 2)),
    "array of text": lambda: np.array(["a", "b"]),
    "array of objects": lambda: np.array([None, {}], dtype=object),
    "tensor": lambda: torch.ones(3),
    "table": lambda: pd.DataFrame({"a": [1, 2]}),
    "empty table": pd.DataFrame,
    "graph of igraph": lambda: igraph.Graph.Full(3),
    "graph of networkx": lambda: networkx.path_graph(3),
    "module": module,
    "missing path": lambda: Path("nowhere") / "nothing.npz",
    "folder": lambda: Path(),
}


def cases() -> list[Case]:
    """Every argument of every public function, with every wrong value."""
    return [
        Case(name, argument, wrong)
        for name, right in RIGHT.items()
        for argument in right()
        for wrong in WRONG
        if (argument, wrong) not in OWN
    ]


def prepared() -> None:
    """Write what right calls read into the folder where one is."""
    nr.save_network(network(), "network.safetensors")
    nr.write(graph(), "graph.graphml")
    state = {name: one.numpy() for name, one in module().state_dict().items()}
    np.savez("state.npz", **state)
    create_run(Path("run"), {}, {})


def tried(case: Case) -> tuple[str, str]:
    """Call once; give what came of it, and more where it is wrong."""
    arguments = RIGHT[case.name]() | {case.argument: WRONG[case.wrong]()}
    function = at(case.name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            function(**arguments)
    except (nr.InputError, nr.DataUnavailableError, nr.DivergedError) as error:
        return (REFUSED, "") if one_line(str(error)) else ("long sentence", str(error))
    except TypeError as error:
        text = str(error)
        told = f": {case.argument} must be" in text and one_line(text)
        return (NAMED, "") if told else ("TypeError", text)
    except BaseException as error:
        return type(error).__name__, str(error)
    return WORKED, ""


def one_line(text: str) -> bool:
    return "\n" not in text.strip() and 0 < len(text) < 1500
