"""Options of a sweep: each is declared here once, and used where it acts.

What is declared becomes a keyword of `percolate` and `compare`, an option of their
verbs on the command line, a part of the key of every unit, and a fact that columns may
read.
"""

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    NamedTuple,
    TypedDict,
    TypeVar,
    cast,
    get_type_hints,
)

from netrobust.core.errors import InputError
from netrobust.core.settings import flag

if TYPE_CHECKING:  # the command line reads the declarations, and loads no torch
    from netrobust.neural.network import Network

F = TypeVar("F", bound=Callable[..., Any])


class Option(NamedTuple):
    """What an option of a sweep is.

    Attributes
    ----------
    default : Any
    check : callable
        ``check(name, value)`` gives the value, or refuses it.
    brief : str
        A sentence for the command line.
    about : str
        Sentences for the docstrings.
    refuse : callable, optional
        Refuses networks that the option has no meaning for.
    learns : bool
        Whether all training images are needed.
    kind : type
        As annotated.
    """

    default: Any
    check: Callable[[str, Any], Any]
    brief: str
    about: str
    refuse: "Callable[[Network], None] | None" = None
    learns: bool = False
    kind: type = bool


def _has_a_topology(network: "Network") -> None:
    if network.config.method.dense:
        raise InputError(
            f"{network.name} is dense and has no topology to retrain; leave it out"
        )


class Options(TypedDict, total=False):
    """Options of `percolate` and `compare` that change what a row says."""

    retrain: Annotated[
        bool,
        Option(
            False,
            flag,
            "Train every topology anew first.",
            "Train the topology of every null model, and of the network itself under\n"
            "``none``, from fresh weights with the network's settings before it is\n"
            "damaged: what does the mask alone carry?",
            refuse=_has_a_topology,
            learns=True,
        ),
    ]
    details: Annotated[
        bool,
        Option(
            False,
            flag,
            "Add confidence, calibration, classes.",
            "Add ``confidence``, ``ece`` (expected calibration error) and the\n"
            "accuracy of each class, ``accuracy_0`` and on.",
        ),
    ]


def _declared() -> dict[str, Option]:
    hints = get_type_hints(Options, include_extras=True)
    return {
        name: hint.__metadata__[0]._replace(kind=hint.__origin__)
        for name, hint in hints.items()
    }


#: All options by name, in the order of their declaration.
OPTIONS = _declared()


def check_options(given: Mapping[str, Any], networks: "Sequence[Network]") -> Options:
    """Give all options, those not given at their defaults.

    Raises
    ------
    InputError
        A value is none the option can have, or it has no meaning for a network.

    Examples
    --------
    >>> check_options({"details": True}, [])
    {'retrain': False, 'details': True}
    """
    for name in given:
        if name not in OPTIONS:
            raise TypeError(
                f"a sweep has no option {name!r}; it has {', '.join(OPTIONS)}"
            )
    chosen = {
        name: option.check(name, given.get(name, option.default))
        for name, option in OPTIONS.items()
    }
    for name, option in OPTIONS.items():
        if option.refuse is not None and chosen[name]:
            for network in networks:
                option.refuse(network)
    return cast(Options, chosen)


def learns(chosen: Options) -> bool:
    """Return whether a chosen option needs all training images."""
    return any(OPTIONS[name].learns and value for name, value in chosen.items())


def takes_options(function: F) -> F:
    """Show the options in the signature and the docstring of a function.

    It takes them as ``**options``, and its docstring says so in one line.
    """
    shown = signature(function)
    kept = [one for one in shown.parameters.values() if one.kind != one.VAR_KEYWORD]
    named = [
        Parameter(
            name, Parameter.KEYWORD_ONLY, default=one.default, annotation=one.kind
        )
        for name, one in OPTIONS.items()
    ]
    parameters = [*kept, *named]
    function.__signature__ = shown.replace(parameters=parameters)  # type: ignore[attr-defined]
    lines = []
    for name, one in OPTIONS.items():
        lines += [f"    {name} : {one.kind.__name__}"]
        lines += [f"        {line}" for line in one.about.split("\n")]
    function.__doc__ = (function.__doc__ or "").replace(
        "    **options", "\n".join(lines)
    )
    return function
