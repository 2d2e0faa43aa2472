"""Names of methods in text: ``set``, ``rigl(cht_benchmark)``, ``cht@small_world``.

A name is a sparsifier, in brackets what differs from its defaults (a variant or options
``key=value``), and after an ``@`` the starting topology, with its own brackets, where
it is not the method's own. It is what tables call a method, and it can be typed.
"""

import re
from typing import Any

from netrobust.core.errors import InputError
from netrobust.core.options import NAMED, read_options
from netrobust.neural.sparsify import SPARSIFIERS
from netrobust.neural.topology import TOPOLOGIES

_METHOD = re.compile(rf"\s*{NAMED}\s*(?:@\s*{NAMED}\s*)?")


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
        "options": read_options(options, SPARSIFIERS.with_options(name).options),
    }
    if start is not None:
        fields["topology"] = start
        usual = TOPOLOGIES.with_options(start).options
        fields["topology_options"] = read_options(start_options, usual)
    return fields
