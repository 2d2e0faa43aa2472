"""What objects show of themselves: little, true, and harmless in a notebook."""

import re
from dataclasses import replace

import pytest
from small import digits, network, run_with

import netrobust as nr
from netrobust.core.shown import html


def test_every_object_shows_one_short_line_and_a_small_table(tmp_path):
    shown = [
        digits(), network(), run_with(tmp_path / "run", "set"),
        nr.TrainConfig(epochs=3), nr.Study(networks=3),
    ]  # fmt: skip
    for one in shown:
        assert type(one).__name__ in repr(one)
        assert len(repr(one)) < 200
        assert "\n" not in repr(one)
        assert re.fullmatch("<table>.*</table>", one._repr_html_())
    assert "4000" in repr(shown[0])
    assert f"{network().history.test_accuracy.iloc[-1]:.2%}" in repr(shown[1])
    assert eval(repr(shown[3]), {"TrainConfig": nr.TrainConfig}) == shown[3]
    assert eval(repr(shown[4]), {"Study": nr.Study}) == shown[4]


def test_a_network_without_an_epoch_shows_itself():
    one = network()
    begun = replace(one, history=one.history[:0], dynamics=one.dynamics[:0])
    assert "epochs 0 of 2, test accuracy none" in repr(begun)


@pytest.mark.parametrize("text", ["<script>", "a & b"])
def test_text_is_no_code(text):
    assert text not in html(text, {text: text})
