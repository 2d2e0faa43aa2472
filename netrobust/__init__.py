"""Network science of sparse neural networks: train, export, damage, score, draw.

The tour, in the order in which the work flows::

    data    = load("fashion-mnist")
    network = train(data, TrainConfig(sparsifier="set"), seed=0)
    graph   = to_graph(network.model)                  # a plain igraph.Graph
    table   = percolate(network, data, perturbations=["random_links"])
    nulls   = compare(network, data, null_models=["shuffle_all"])
    draw.curve(summarise(table, "accuracy", by=["fraction"]), x="fraction")

The public names stand in ``__init__.pyi``. Each is imported when it is first used, so
that ``import netrobust`` loads neither torch nor igraph nor matplotlib. A function that
is taken from here names the argument that made it fail; modules of ours take it from
its home, as it is.
"""

import ast
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any


def _homes() -> dict[str, str]:
    """Read the stub, which type checkers read too: the home of every public name."""
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text("utf-8"))
    return {
        one.name: str(line.module)
        for line in stub.body
        if isinstance(line, ast.ImportFrom)
        for one in line.names
    }


_HOME_OF = _homes()

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("netrobust")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"netrobust has no {name!r}; it has {', '.join(__all__)}")
    if name in ("draw", "theory"):  # the public names that are modules
        module = import_module(f"{home}.{name}")
        for one in module.__all__:
            setattr(module, one, _door(getattr(module, one), module.__name__))
        return module
    return _door(getattr(import_module(home), name), __name__)


def _door(value: Any, home: str) -> Any:
    """Make a function name the argument that made it fail; the rest stays."""
    if not isinstance(value, FunctionType) or hasattr(value, "__wrapped__"):
        return value
    from netrobust.core.arguments import named_in_errors

    named = named_in_errors(value)
    named.__module__ = home  # where another process finds it
    return named


def __dir__() -> list[str]:
    return sorted(__all__)
