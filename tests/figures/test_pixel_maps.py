"""Images of pixels side by side: every pixel at its place, one scale for all."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netrobust.core.errors import InputError
from netrobust.figures import draw


def pixels(methods=("set", "static"), epochs=(10, 0), side=2, top=1.0):
    """Every number of the table is another one."""
    rows = [
        {"sparsifier": name, "epoch": epoch, "pixel": pixel}
        for name in methods
        for epoch in epochs
        for pixel in range(side**2)
    ]
    table = pd.DataFrame(rows)
    return table.assign(degree=top * (1 + np.arange(len(table))) / len(table))


def canvas(ax):
    (image,) = ax.images
    return np.ma.filled(image.get_array(), np.nan)


@given(st.integers(1, 60))
def test_the_side_of_a_square_image_is_its_root_and_others_are_refused(side):
    assert draw.image_side(side**2) == side
    for pixels in (0, side**2 + 1):
        if pixels != 1:
            with pytest.raises(InputError, match=f"{pixels} pixels are no squares"):
                draw.image_side(pixels)


def test_every_pixel_stands_at_its_place_in_any_order_of_rows():
    table = pixels()
    ax = draw.mosaic(table.sample(frac=1, random_state=0), "degree")
    shown = canvas(ax)
    assert shown.shape == (5, 5)
    assert np.isnan(shown[2]).all()
    assert np.isnan(shown[:, 2]).all()
    # Static stands above SET, as in every figure, and epoch 0 left of epoch 10.
    for row, name in ((0, "static"), (3, "set")):
        for column, epoch in ((0, 0), (3, 10)):
            own = table[(table["sparsifier"] == name) & (table["epoch"] == epoch)]
            image = shown[row : row + 2, column : column + 2]
            np.testing.assert_array_equal(image.ravel(), own["degree"])


def test_the_first_pixel_is_at_the_top_left_and_words_are_beside_the_images():
    ax = draw.mosaic(pixels(side=3), "degree")
    assert ax.images[0].origin == "upper"
    low, high = ax.get_ylim()
    assert low > high
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["static", "SET"]
    assert ax.get_yticks().tolist() == [1, 5]  # the middles of 3 and 3 of 7 pixels
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "10"]
    assert ax.get_xticks().tolist() == [1, 5]
    assert ax.get_xlabel() == "epoch"
    assert ax.xaxis.get_ticks_position() == "top"
    assert ax.get_aspect() == 1


def test_long_names_take_two_lines():
    table = pixels(["set(cht_benchmark)", "cht@small_world(beta=0.5)"])
    ax = draw.mosaic(table, "degree")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "SET\n(CHT benchmark)",
        "CHT\nfrom small world\n(beta 0.5)",
    ]


def test_an_image_that_is_not_there_stays_empty():
    table = pixels()
    shown = canvas(draw.mosaic(table[4:], "degree"))
    assert np.isnan(shown[3:, 3:]).all()  # SET at epoch 10
    assert np.isfinite(shown[3:, :2]).all()


@pytest.mark.parametrize("rows", [[0, 1, 2], [0, 1, 2, 3, 3], [0, 0, 2, 3]])
def test_an_image_must_have_each_of_its_pixels_once(rows):
    table = pixels()
    table = pd.concat([table[:4].iloc[rows], table[4:]])
    with pytest.raises(InputError, match="epoch 10 and sparsifier set must have each"):
        draw.mosaic(table, "degree")


def test_unknown_columns_empty_tables_and_odd_images_are_refused():
    with pytest.raises(InputError, match="no column 'strength'"):
        draw.mosaic(pixels(), "strength")
    with pytest.raises(InputError, match="no rows"):
        draw.mosaic(pixels()[:0], "degree")
    odd = pixels(side=2).query("pixel < 3")
    with pytest.raises(InputError, match="3 pixels are no squares"):
        draw.mosaic(odd, "degree")


def test_all_images_have_one_scale_from_zero_to_the_largest_number():
    _, axes = draw.panels(1, 2)
    draw.mosaic(pixels(top=4.0), "degree", axes[0, 0])
    draw.mosaic(pixels(top=9.0), "degree", axes[0, 1])
    bar = draw.colour_bar(axes[0], "links of a pixel")
    assert bar.get_xlabel() == "links of a pixel"
    assert bar.get_xlim() == (0, 9)
    first, second = (ax.images[0] for ax in axes[0])
    for image in (first, second):
        assert image.get_clim() == (0, 9)
    numbers = [0.0, 1.0, 4.0, 9.0]
    np.testing.assert_array_equal(first.to_rgba(numbers), second.to_rgba(numbers))
    # A scale of roots: 4 of 9 lies at two thirds of the colours.
    np.testing.assert_allclose(first.norm(numbers), [0, 1 / 3, 2 / 3, 1])


def test_a_bar_needs_an_image():
    _, axes = draw.panels()
    with pytest.raises(InputError, match="no image to give a scale"):
        draw.colour_bar(axes[0], "links")
