"""Words before a verb gets them."""

import pytest

from netrobust.cli.words import check_words
from netrobust.core.errors import InputError


@pytest.mark.parametrize(
    "word",
    ["", " ", "\t", "--name=", "--name= ", "a\udcffb", "a\nb", "\x1b[31m", "\x9b"],
)
def test_words_that_say_nothing_are_refused(word):
    check_words(["percolate", "run", "--set", "name=", "-", "="])
    with pytest.raises(InputError, match="must"):
        check_words(["percolate", "run", word])
