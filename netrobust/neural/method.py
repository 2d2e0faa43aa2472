"""Names of methods in text: ``set``, ``rigl(cht_benchmark)``, ``cht@small_world``.

A name is a sparsifier, in brackets what differs from its defaults (a variant or options
``key=value``), and after an ``@`` the starting topology, with its own brackets, where
it is not the method's own. It is what tables call a method, and it can be typed.
"""

import re
from typing import Any

from netrobust.errors import InputError
from netrobust.neural.sparsify import SPARSIFIERS
from netrobust.neural.topology import TOPOLOGIES
from netrobust.registry import Makers, Option

_NAME = r"[A-Za-z0-9_]+"
_PART = rf"({_NAME})(?:\(([^()]*)\))?"
_METHOD = re.compile(rf"\s*{_PART}\s*(?:@\s*{_PART}\s*)?")


def parse(text: str) -> dict[str, Any]:
    """Give the fields of `TrainConfig` that the name of a method stands for.

    Raises
    ------
    InputError
        The text is no such name, or a name or option in it is unknown.

    Examples
    --------
    >>> parse("set(prune=random)@small_world(beta=0.5)")["topology_options"]
    {'beta': 0.5}
    >>> parse("rigl(cht_benchmark)")
    {'sparsifier': 'rigl', 'options': {'variant': 'cht_benchmark'}}
    """
    found = _METHOD.fullmatch(text)
    if found is None:
        raise InputError(
            f"{text!r} is no method; write a sparsifier such as set, rigl(batches=50) "
            "or cht@small_world(beta=0.5)"
        )
    name, options, start, start_options = found.groups()
    fields: dict[str, Any] = {
        "sparsifier": name,
        "options": _options(SPARSIFIERS, name, options),
    }
    if start is not None:
        fields["topology"] = start
        fields["topology_options"] = _options(TOPOLOGIES, start, start_options)
    return fields


def _options(family: Makers[Any], name: str, text: str | None) -> dict[str, Option]:
    usual, options = family.defaults(name), {}
    for part in filter(None, (text or "").split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            key, value = "variant", key
        options[key] = _value(value, usual.get(key, ""))
    return options


def _value(text: str, usual: Option) -> Option:
    """Read a value as what the default is; what cannot be read so stays text."""
    if isinstance(usual, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(usual, (int, float)):
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
    return text
