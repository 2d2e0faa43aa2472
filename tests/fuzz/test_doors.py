"""A few wrong arguments and words; ``make fuzz`` tries all of them.

``NETROBUST_FUZZ=500`` tries 500 instead of a few.
"""

import os
import random

import calls
import pytest
import words
from calls import AS_IT_SHOULD, REFUSED, RIGHT, at, public

CASES = 4 * int(os.environ.get("NETROBUST_FUZZ", "25"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    place = tmp_path_factory.mktemp("sandbox")
    before = os.getcwd()
    os.chdir(place)
    calls.prepared()
    yield place
    os.chdir(before)


def test_every_public_function_is_called():
    assert public() - calls.ELSEWHERE <= set(RIGHT)
    assert not calls.ELSEWHERE & set(RIGHT)


def test_every_verb_is_typed():
    without = {"info", "list"}  # which take no value
    assert {one.verb for one in words.cases()} == {*words.RIGHT, "netrobust"} - without


def test_calls_that_are_right_work(sandbox):
    for name, right in random.Random(0).sample([*RIGHT.items()], 20):
        at(name)(**right())


def test_wrong_arguments_work_or_are_refused_in_a_sentence(sandbox):
    for case in random.Random(0).sample(calls.cases(), CASES):
        kind, detail = calls.tried(case)
        assert kind in AS_IT_SHOULD, (case, kind, detail)


#: Each stands for a kind that came through once.
KINDS = [
    ("randomise", "null_model", "function"),
    ("percolate", "measures", "type"),
    ("percolate", "perturbations", "type"),
    ("percolate", "tick", "function"),
    ("attack", "attacks", "function"),
    ("to_layers", "names", "empty list"),
    ("state_layers", "order", "array of no size"),
    ("tail_table", "seed", "-1"),
    ("paired_tests", "against", "array of text"),
    ("SparseLinear", "weight", "1e300"),
    ("SparseLinear", "bias", "tensor"),
    ("theory.erdos_renyi_degrees", "own", "10**18"),
    ("tail", "samples", "10**7"),
    ("draw.ccdf", "band", "long text"),
    ("draw.colour_bar", "axes", "object"),
    ("draw.equal_spans", "axes", "empty dict"),
    ("draw.hue_styles", "values", "[[0]]"),
    ("draw.image_side", "pixels", "-1"),
    ("draw.panel_letters", "axes", "endless iterator"),
    ("draw.panels", "rows", "10**18"),
    ("draw.panels", "width", "nan"),
    ("draw.panels", "sharex", "unknown word"),
    ("draw.panels", "widths", "['x']"),
    ("draw.sampling_band", "neurons", "10**18"),
    ("train", "config", "text without"),
    ("to_graph", "head", "nan"),
    ("score", "details", "nan"),
    ("Shard.parse", "text", "1.5"),
]


@pytest.mark.parametrize("case", KINDS, ids=" ".join)
def test_kinds_of_wrong_arguments_are_refused(case, sandbox):
    assert calls.tried(calls.Case(*case)) in [(calls.REFUSED, ""), (calls.NAMED, "")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("place"))
    yield words.prepared()
    os.chdir(before)


def test_commands_that_are_right_work(place):
    words.check(place)


def test_wrong_words_work_or_are_refused_in_a_sentence(place):
    for option, wrong in (
        ("--name", "a\nb = 1"),
        ("--dataset", "nan"),
        ("--jobs", "9" * 300),
    ):
        assert words.tried(place, words.Case("percolate", option, wrong))[0] == REFUSED
    for case in random.Random(0).sample(words.cases(), CASES // 10):
        kind, detail = words.tried(place, case)
        assert kind in AS_IT_SHOULD, (case, kind, detail)
