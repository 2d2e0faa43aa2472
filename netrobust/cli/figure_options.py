"""Options of the verbs that draw: style, palette and font."""

from typing import Annotated

import typer

Style = Annotated[str, typer.Option(help="paper, talk or poster.")]
Palette = Annotated[
    str | None,
    typer.Option(
        help="A palette, such as Dark2; colors, red,#0072B2; or set=red,static=black."
    ),
]
Font = Annotated[str | None, typer.Option(help="An installed font.")]


def colors(text: str | None) -> str | list[str] | dict[str, str] | None:
    """Read a palette: its name, colours in a row, or colours of single values.

    Examples
    --------
    >>> colors("Dark2"), colors("red,blue"), colors("set=red")
    ('Dark2', ['red', 'blue'], {'set': 'red'})
    """
    if text is None:
        return None
    words = [one.strip() for one in text.split(",")]
    if all("=" in one for one in words):
        return {name: color for name, _, color in (w.rpartition("=") for w in words)}
    return words if len(words) > 1 or text.startswith("#") else text
