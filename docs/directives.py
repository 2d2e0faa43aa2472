"""What the pages read off the package: families, verbs, and who bears a name."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode
from typer.main import get_command

import netrobust as nr
from netrobust.cli.options import app as command
from netrobust.experiments.columns import TABLES
from netrobust.stats.columns import KEY_COLUMNS

FAMILIES = (
    "DATASETS", "SPARSIFIERS", "TOPOLOGIES", "PERTURBATIONS", "NULL_MODELS",
    "MEASURES", "INPUT_ATTACKS",
)  # fmt: skip


class Family(SphinxDirective):
    """``.. family:: PERTURBATIONS`` describes every member with its options."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write each member as a function and have that read."""
        family = getattr(nr, self.arguments[0])
        plain = not all(name.isidentifier() for name in family)
        lines = [
            line
            for name, member in family.items()
            for line in self._member(name, member, plain)
        ]
        return self.parse_text_to_nodes(StringList(lines, source=self.arguments[0]))

    def _member(self, name: str, member: Any, plain: bool) -> Iterator[str]:
        about = (inspect.getdoc(member) or "").splitlines()
        options = {"undoc-members": True}
        self.env.app.emit(
            "autodoc-process-docstring", "function", name, member, options, about
        )
        if plain:  # text that is typed, such as fashion-mnist
            yield f".. describe:: {name}"
        else:
            # Its module tells apart members of one name, and finds its neighbours.
            yield f".. py:function:: {name}{_options(member)}"
            yield f"   :module: {member.__module__}"
        yield ""
        yield from (f"   {line}" for line in about)
        yield ""


def _options(member: Any) -> str:
    """Write options as they may be typed: names with their defaults."""
    function = getattr(member, "function", member)
    known = inspect.signature(function).parameters.values()
    given = {one.name: one.default for one in known if one.kind is one.KEYWORD_ONLY}
    given |= getattr(member, "options", {})
    return f"({', '.join(f'{name}={value!r}' for name, value in given.items())})"


class Columns(SphinxDirective):
    """``.. columns:: recovery`` describes the columns of a table of scores.

    Those of the network are called ``network``, those of the damage ``damage``.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write each column as an entry and have that read."""
        keys = {"network": KEY_COLUMNS[:6], "damage": KEY_COLUMNS[6:]}
        lines = []
        for column in {**keys, **TABLES}[self.arguments[0]]:
            extra = f" With `{column.only_with}` alone." if column.only_with else ""
            meaning = f"{column.meaning[0].upper()}{column.meaning[1:]}".rstrip(".")
            lines += [f"``{column.name}``", f"   {meaning}.{extra}"]
        return self.parse_text_to_nodes(StringList([*lines, ""], source="columns"))


class Verbs(SphinxDirective):
    """``.. verbs::`` describes every verb of the command line."""

    def run(self) -> list[nodes.Node]:
        """Write each verb as a section and have that read."""
        verbs = get_command(command).commands
        lines = [line for name in verbs for line in _verb(name, verbs[name])]
        return self.parse_text_to_nodes(
            StringList(lines, source="verbs"), allow_section_headings=True
        )


def _verb(name: str, verb: Any) -> Iterator[str]:
    """Write one verb: what it does, how it is typed, and what may be added."""
    arguments = [one for one in verb.params if one.param_type_name == "argument"]
    words = ["netrobust", name, *(one.name.upper() for one in arguments), "[OPTIONS]"]
    about = _plain(inspect.cleandoc(verb.help)).splitlines()
    yield from (name, "-" * len(name), "", *about)
    yield from ("", "::", "", f"   {' '.join(words)}", "")
    for one in verb.params:
        flags = [*one.opts, *one.secondary_opts]
        shown = one.name.upper() if one in arguments else ", ".join(flags)
        yield from (f"``{shown}``", f"   {_plain(one.help or one.name)}{_default(one)}")
    yield ""


def _plain(text: str) -> str:
    """Keep what stands in a terminal from being read as markup."""
    return re.sub(r"([\\*`|_@:])", r"\\\1", text)


def _default(one: Any) -> str:
    if one.required and one.param_type_name == "option":
        return " Must be given."
    if one.required or one.default in (None, False, ()) or callable(one.default):
        return ""
    return f" Default: ``{one.default}``."


def public(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, text: nodes.Element
) -> nodes.Element | None:
    """Find what a docstring means by a bare name that its own module does not know."""
    name = node.get("reftarget", "")
    known = env.domains.python_domain.objects
    members = [
        f"{member.__module__}.{name}"
        for family in FAMILIES
        for own, member in getattr(nr, family).items()
        if own == name
    ]
    # One name may belong to several families; which is meant is then not known.
    homes = [f"netrobust.{name}", f"netrobust.theory.{name}"]
    for full in homes + (members if len(members) == 1 else []):
        if full in known and node.get("refdomain") == "py":
            page, anchor = known[full].docname, known[full].node_id
            origin = node.get("refdoc", "")
            return make_refnode(app.builder, origin, page, anchor, [text], full)
    return None


def skipped(app: Sphinx, what: str, name: str, one: Any, skip: bool, _: Any) -> bool:
    """Leave out the fields of named tuples, which the class itself describes."""
    return skip or (one.__doc__ or "").startswith("Alias for field number")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives, the search for names and what is left out."""
    app.add_directive("family", Family)
    app.add_directive("columns", Columns)
    app.add_directive("verbs", Verbs)
    app.connect("missing-reference", public)
    app.connect("autodoc-skip-member", skipped)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
