"""The gallery: a page for every analysis, and thumbnails that lead to them.

What a figure shows is written in ``figures/README.md``, a section for each; its code is
the analysis.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netrobust.studies.gallery import ANALYSES, analysis

if TYPE_CHECKING:  # so that the tests need no Sphinx
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
_HEADING = re.compile(r"^## \d+\. (.+)$", re.MULTILINE)
_IMAGE = re.compile(r"!\[(.*)\]\((.+)\)")
_ABOVE = "../../../figures/"  # from a page
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]+\)")


class Entry(NamedTuple):
    """One figure of the gallery."""

    name: str
    title: str
    image: str  # below the folder figures
    text: str


def entries() -> list[Entry]:
    """Read the gallery, in the order of its sections; the first of a name is shown."""
    _, *parts = _HEADING.split((ROOT / "figures" / "README.md").read_text("utf-8"))
    found: dict[str, Entry] = {}
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        name = title.partition(":")[0].replace(" ", "_")
        image = _IMAGE.search(text)
        if name in ANALYSES and image:
            plain = _LINK.sub(r"\1", text.replace(image[0], "", 1)).strip()
            plain = _IMAGE.sub(rf"![\1]({_ABOVE}\2)", plain)
            found.setdefault(name, Entry(name, title, image[2], plain))
    return list(found.values())


def page(entry: Entry) -> str:
    """Write the page of one figure, in Markdown."""
    code = Path(str(analysis(entry.name).__file__)).name
    return (
        f"# {entry.title}\n\n![{entry.name}]({_ABOVE}{entry.image})\n\n"
        f"{entry.text}\n\n## Code\n\n`netrobust figures RUN --only {entry.name} --out "
        f"FOLDER` draws it.\n\n```{{literalinclude}} ../../../analyses/{code}\n"
        ":language: python\n```\n"
    )


def write_pages(app: "Sphinx") -> None:
    """Write the page of every figure."""
    folder = Path(app.srcdir) / "generated" / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries():
        (folder / f"{entry.name}.md").write_text(page(entry), encoding="utf-8")


def setup(app: "Sphinx") -> dict[str, bool]:
    """Write the pages before any is read, and add ``.. gallery::``."""
    from docutils import nodes
    from docutils.statemachine import StringList
    from sphinx.util.docutils import SphinxDirective

    class Gallery(SphinxDirective):
        """Show a thumbnail of every figure, which leads to its page."""

        def run(self) -> list[nodes.Node]:
            """Write figures that are links, and the list of pages, and have it read."""
            lines = [".. container:: gallery", ""]
            for one in entries():
                lines += [
                    f"   .. figure:: /../figures/{one.image}",
                    f"      :target: generated/gallery/{one.name}.html",
                    f"      :alt: {one.title}",
                    "",
                    f"      :doc:`{one.title} <generated/gallery/{one.name}>`",
                    "",
                ]
            lines += [".. toctree::", "   :hidden:", ""]
            lines += [f"   generated/gallery/{one.name}" for one in entries()]
            return self.parse_text_to_nodes(StringList(lines, source="gallery"))

    app.add_directive("gallery", Gallery)
    app.connect("builder-inited", write_pages, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
