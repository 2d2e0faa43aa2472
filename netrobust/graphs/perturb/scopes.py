"""Scopes: where damage falls, the dense head included."""

from typing import Any

from netrobust.core.arguments import accepts
from netrobust.core.errors import InputError, shown

#: Scopes that reach the dense head, and what they are in a graph that ends with it.
HEAD_SCOPES = {
    "head": "",
    "per_layer+head": "per_layer",
    "global+head": "global",
}


def check_scope(scope: str, depth: int) -> None:
    """Refuse a scope that a network with so many layers before its head has not.

    Examples
    --------
    >>> check_scope("layer_3", depth=3)
    """
    layers = [f"layer_{number}" for number in range(1, depth + 1)]
    if scope not in (scopes := ["per_layer", "global", *layers, *HEAD_SCOPES]):
        raise InputError(
            f"unknown scope {scope!r}; choose from: {', '.join(scopes)} (the layers "
            "that every network has)"
        )


def reaches_head(scope: str) -> bool:
    """Return whether a scope includes the dense head."""
    return scope in HEAD_SCOPES


def graph_scope(scope: str, layers: int) -> str:
    """Name a scope as the graph knows it, of which the head is the last layer.

    Examples
    --------
    >>> graph_scope("head", layers=4), graph_scope("global+head", 4)
    ('layer_4', 'global')
    """
    return HEAD_SCOPES.get(scope, scope) or f"layer_{layers}"


def asks_data(perturbation: Any) -> bool:
    """Return whether a perturbation must be shown training images."""
    return bool(getattr(perturbation, "needs", ())) or bool(
        getattr(perturbation, "probed", False)
    )


def check_reach(perturbation: Any, scope: str) -> None:
    """Refuse a perturbation that cannot act in a scope that networks have.

    Raises
    ------
    InputError
        It acts on neurons, or asks data, while the scope reaches the head; it acts on
        pixels and the scope is a layer; or it is a plain function that does not take
        what it is given.
    """
    name = perturbation.__name__
    kind = getattr(perturbation, "acts_on", "links")
    if not hasattr(perturbation, "curve"):
        where = {} if graph_scope(scope, 0) == "per_layer" else {"scope": scope}
        if not accepts(perturbation, "graph", "rng", 0.5, **where):
            raise InputError(
                f"perturbation {name} must take (graph, rng, fraction"
                f"{', scope' if where else ''}) in the scope {scope!r}; got "
                f"{shown(perturbation)}"
            )
    if kind == "pixels" and scope.startswith("layer_"):
        raise InputError(
            f"{name} acts on pixels, which are in no layer; choose per_layer or global "
            f"instead of {scope!r}"
        )
    if not reaches_head(scope):
        return
    if not getattr(perturbation, "reaches_head", True):
        raise InputError(
            f"{name} does not reach the head; choose a scope without the head instead "
            f"of {scope!r}"
        )
    if kind != "links":
        raise InputError(
            f"{name} acts on {kind}, of which the head has none; choose a scope "
            f"without the head instead of {scope!r}"
        )
    if asks_data(perturbation):
        raise InputError(
            f"{name} asks training images about the hidden layers alone; choose a "
            f"scope without the head instead of {scope!r}"
        )
