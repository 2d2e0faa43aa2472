"""The keys of a configuration file, read off the settings themselves."""

import inspect
import re
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import netrobust as nr
from netrobust.core.settings import toml

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_KINDS = {
    str: "text", int: "integer", float: "number", bool: "true or false",
    Any: "any value", dict: "table",
}  # fmt: skip
_BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}


def kind(annotation: Any, limits: list[Any] = []) -> str:  # noqa: B006
    """Say in words what a field may hold.

    Examples
    --------
    >>> kind(tuple[int, ...]), kind(str | None)
    ('list of integers', 'text, or left out')
    """
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(parts[0], [*_flat(parts[1:]), *limits])
    if origin in (Union, types.UnionType):
        inner = [kind(one, limits) for one in parts if one is not type(None)]
        left_out = type(None) in parts
        return " or ".join(dict.fromkeys(inner)) + (", or left out" if left_out else "")
    if origin is tuple:
        return "list of " + re.sub(r"^(integer|number)", r"\1s", kind(parts[0]))
    if origin is dict:
        return "table"
    bounds = [
        text.format(f"{getattr(one, name):g}")
        for one in limits
        for name, text in _BOUNDS.items()
        if hasattr(one, name)
    ]
    return " ".join([_KINDS.get(annotation, str(annotation)), *bounds])


def _flat(limits: Any) -> Iterator[Any]:
    for one in limits:
        yield from getattr(one, "metadata", [one])


def fields(settings: type) -> Iterator[tuple[str, str, Any]]:
    """Yield the name, the kind and the default of every key."""
    for name, info in settings.__pydantic_fields__.items():  # type: ignore[attr-defined]
        default = info.get_default(call_default_factory=True)
        yield name, kind(info.annotation, info.metadata), default


def described(settings: type) -> dict[str, str]:
    """Give what the docstring of the settings says of every key."""
    from numpydoc.docscrape import NumpyDocString

    return {
        name.strip(): " ".join(part.desc)
        for part in NumpyDocString(inspect.getdoc(settings))["Attributes"]
        for name in part.name.split(",")
    }


def example() -> str:
    """Write the TOML file that says what a study without any file says."""
    study = list(_lines(nr.Study, without="training"))
    return "\n".join([*study, "", "[training]", *_lines(nr.TrainConfig), ""])


def _lines(settings: type, without: str = "") -> Iterator[str]:
    for name, allowed, default in fields(settings):
        if name == without:
            continue
        if default is None:
            yield f"# {name} =  ({re.sub(', or left out$', '', allowed)})"
        elif name == "sparsifier":
            yield f"# {name} = {toml(default)}  (not in a study: see sparsifiers)"
        else:
            yield f"{name} = {toml(default)}"


def setup(app: "Sphinx") -> dict[str, bool]:
    """Add ``.. keys:: Study`` and ``.. full-example::``."""
    from docutils import nodes
    from docutils.statemachine import StringList
    from sphinx.util.docutils import SphinxDirective

    class Keys(SphinxDirective):
        """Describe every key of a class of settings."""

        required_arguments = 1

        def run(self) -> list[nodes.Node]:
            """Write a definition for each key and have that read."""
            settings, lines = getattr(nr, self.arguments[0]), []
            texts = described(settings)
            for name, allowed, default in fields(settings):
                default_text = "none" if default is None else f"``{toml(default)}``"
                lines += [f"``{name}``", f"   {allowed}; default {default_text}."]
                lines += ["", f"   {texts[name]}"] if texts.get(name) else []
                lines.append("")
            return self.parse_text_to_nodes(StringList(lines, source="keys"))

    class FullExample(SphinxDirective):
        """Show the whole file."""

        def run(self) -> list[nodes.Node]:
            """Give a block of TOML."""
            text = example()
            return [nodes.literal_block(text, text, language="toml")]

    app.add_directive("keys", Keys)
    app.add_directive("full-example", FullExample)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
