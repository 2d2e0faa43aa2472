"""Networks as pictures: what is drawn is what is there."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection

import netrobust as nr
from netrobust.core.errors import InputError


def two_layers():
    first = nr.from_links([4, 3], [0, 0, 1, 3], [4, 5, 4, 6], [1, -1, 2, 3])
    return first, nr.from_links([3, 2], [0, 1], [3, 4], [1, -2], first_depth=1)


def drawn(ax):
    lines = [one for one in ax.collections if isinstance(one, LineCollection)]
    return [len(one.get_segments()) for one in lines]


def test_links_are_drawn_by_sign_and_the_strongest_where_too_many():
    first, second = two_layers()
    assert drawn(nr.draw.layer(first)) == [3, 1]
    assert drawn(nr.draw.stack(nr.stack([first, second]))) == [4, 2]
    few = nr.draw.layer(first, most=2)
    assert drawn(few) == [2]
    assert few.get_title() == "the strongest 2 of 4 links"


def test_pixels_show_degree_or_strength():
    first, _ = two_layers()
    for value, expected in {"degree": [2, 1, 0, 1], "strength": [2, 2, 0, 3]}.items():
        (image,) = nr.draw.pixels(first, value).images
        np.testing.assert_allclose(image.get_array().ravel(), expected)


def test_degrees_stand_beside_their_null():
    first, second = two_layers()
    ax = nr.draw.degrees(nr.stack([first, second]), side="in")
    _, labels = ax.get_legend_handles_labels()
    assert {"layer 1", "layer 2"} < {*labels}
    assert any("draws" in text for text in labels)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 1 / 3])


def test_what_cannot_be_drawn_is_refused():
    first, second = two_layers()
    with pytest.raises(InputError, match="layers"):
        nr.draw.layer(nr.stack([first, second]))
    with pytest.raises(InputError, match="square"):
        nr.draw.pixels(second)
    with pytest.raises(InputError, match="in"):
        nr.draw.degrees(first, side="left")
