"""Methods as people write them."""

import pytest

from netrobust.core.errors import InputError
from netrobust.neural.config import TrainConfig
from netrobust.neural.method import parse


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("set", {"sparsifier": "set", "options": {}}),
        (" set ", {"sparsifier": "set", "options": {}}),
        ("set()", {"sparsifier": "set", "options": {}}),
        (
            "set(prune=random, skip_step=true)",
            {"sparsifier": "set", "options": {"prune": "random", "skip_step": True}},
        ),
        (
            "rigl(cht_benchmark, batches=50)",
            {
                "sparsifier": "rigl",
                "options": {"variant": "cht_benchmark", "batches": 50},
            },
        ),
        (
            "deep_r(l1=1e-4)@receptive_field(r=0, degrees=uniform)",
            {
                "sparsifier": "deep_r",
                "options": {"l1": 1e-4},
                "topology": "receptive_field",
                "topology_options": {"r": 0, "degrees": "uniform"},
            },
        ),
    ],
)
def test_what_a_text_means(text, fields):
    assert parse(text) == fields


@pytest.mark.parametrize(
    "text",
    [
        "static", "set(prune=random)", "set(cht_benchmark)", "rigl(batches=50)",
        "mest(em_s=True)", "cht@erdos_renyi", "chts(history=True,removal=RI)",
        "cht(paper)@small_world(beta=0.5)", "dense_small",
    ],
)  # fmt: skip
def test_labels_are_read_back(text):
    assert TrainConfig(**parse(text)).label == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no method; write a sparsifier such as set"),
        ("set(", r"'set\(' is no method"),
        ("set@", "'set@' is no method"),
        ("set(prune=random)x", "is no method"),
        ("sett", "unknown sparsifier 'sett'.*did you mean 'set'"),
        ("set@lattice", "unknown topology 'lattice'; choose from"),
    ],
)
def test_what_is_no_method(text, message):
    with pytest.raises(InputError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("set(prun=random)", "sparsifier 'set' has no option 'prun'; it takes prune"),
        ("set(fast)", "sparsifier 'set' has no variant 'fast'; it has source, cht_b"),
        ("static(fast)", "sparsifier 'static' has no variant 'fast'; it has none"),
        ("set(skip_step=maybe)", "skip_step must be true or false; got 'maybe'"),
        ("rigl(until=1.5)", r"until must be a number in \[0, 1\]; got 1.5"),
        ("rigl(until=soon)", r"until must be a number in \[0, 1\]; got 'soon'"),
        ("rigl(batches=0.5)", "batches must be an integer, 0 or larger; got 0.5"),
        ("cht(predictor=CH4)", "predictor must be one of CH3-L3p, CH2-L3n; got 'CH4'"),
        ("set@small_world(beta=2)", r"beta must be a number in \[0, 1\]; got 2"),
    ],
)
def test_what_is_no_setting(text, message):
    with pytest.raises(InputError, match=message):
        TrainConfig(**parse(text))
