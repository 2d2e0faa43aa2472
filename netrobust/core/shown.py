"""What an object shows of itself: one line in text, a small table in a notebook."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from html import escape
from typing import Any


class Shown(ABC):
    """Show the facts that `facts` gives instead of all fields.

    Examples
    --------
    >>> class Walk(Shown):
    ...     def facts(self):
    ...         return {"": "home", "steps": 3, "of": "80 cm"}
    >>> Walk()
    <Walk home, steps 3, of 80 cm>
    >>> "<td>80 cm</td>" in Walk()._repr_html_()
    True
    """

    @abstractmethod
    def facts(self) -> Mapping[str, Any]:
        """Give what is worth showing, by name; the first needs none."""

    def __repr__(self) -> str:
        """Give one line."""
        told = ", ".join(
            f"{key} {value}".strip() for key, value in self.facts().items()
        )
        return f"<{type(self).__name__} {told}>"

    def _repr_html_(self) -> str:
        return html(type(self).__name__, self.facts())


def html(title: str, facts: Mapping[str, Any]) -> str:
    """Write facts as a table for a notebook.

    Examples
    --------
    >>> html("Walk", {"a < b": 3})
    '<table><caption>Walk</caption><tr><th>a &lt; b</th><td>3</td></tr></table>'
    """
    rows = "".join(
        f"<tr><th>{escape(str(key))}</th><td>{escape(str(value))}</td></tr>"
        for key, value in facts.items()
    )
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"
