"""How to cite, read off ``CITATION.cff``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CITATION = Path(__file__).parents[1] / "CITATION.cff"


def bibtex(entry: dict[str, Any], key: str) -> str:
    """Write an entry as BibTeX.

    Examples
    --------
    >>> print(bibtex({"type": "software", "title": "netrobust", "version": 1}, "nr"))
    @software{nr,
      title = {{netrobust}},
      version = {1},
    }
    """
    names = [_name(one, comma=True) for one in entry.get("authors", ())]
    year = entry.get("year") or str(entry.get("date-released", ""))[:4]
    given = {
        "author": " and ".join(names),
        "title": f"{{{entry['title']}}}",
        "year": year,
        "journal": entry.get("journal"),
        "version": entry.get("version"),
        "doi": entry.get("doi"),
        "url": entry.get("url"),
    }
    rows = [f"  {name} = {{{text}}}," for name, text in given.items() if text]
    return "\n".join([f"@{entry['type']}{{{key},", *rows, "}"])


def reference(entry: dict[str, Any]) -> str:
    """Write an entry as one line of reStructuredText."""
    names = [_name(one) for one in entry["authors"]]
    few = len(names) <= 4 and "others" not in names
    who = ", ".join(names) if few else f"{names[0]} et al."
    where = entry.get("journal") or entry.get("collection-title") or ""
    text = f"{who} ({entry['year']}). {entry['title']}. {where}".rstrip(". ")
    if "doi" in entry:
        text += f". https://doi.org/{entry['doi']}"
    elif "url" in entry:
        text += f". {entry['url']}"
    return f"{text} ({entry['notes']})" if "notes" in entry else text


def _name(author: dict[str, str], comma: bool = False) -> str:
    if "name" in author:
        return author["name"]
    family = " ".join(
        author[part] for part in ("name-particle", "family-names") if part in author
    )
    given = author.get("given-names")
    if given is None:
        return family
    return f"{family}, {given}" if comma else f"{given} {family}"


def setup(app: "Sphinx") -> dict[str, bool]:
    """Add ``.. citation::``."""
    import yaml
    from docutils import nodes
    from docutils.statemachine import StringList
    from sphinx.util.docutils import SphinxDirective

    class Citation(SphinxDirective):
        """Show the paper and the software in BibTeX, then all sources of methods."""

        def run(self) -> list[nodes.Node]:
            """Read the file and write its entries."""
            self.env.note_dependency(str(CITATION))
            facts = yaml.safe_load(CITATION.read_text("utf-8"))
            paper = bibtex(facts["preferred-citation"], "paper")
            software = bibtex(facts, "netrobust")
            shown = [nodes.literal_block(text, text) for text in (paper, software)]
            lines = ["Methods, data and software that netrobust builds on:", ""]
            lines += [f"- {reference(one)}" for one in facts["references"]]
            text = StringList(lines, source=str(CITATION))
            return [*shown, *self.parse_text_to_nodes(text)]

    app.add_directive("citation", Citation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
