import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from netrobust.core.errors import InputError
from netrobust.runs import tables
from netrobust.runs.tables import read_tables


def table():
    made = pd.DataFrame(
        {
            "network": ["a", None, "é\n"],
            "replicate": [1, 2, 2**53 + 1],
            "accuracy": [0.1, None, np.inf],
            "finished": [True, False, True],
            "perhaps": [True, None, False],
            "nothing": [None, None, None],
            "single": np.float32([0.1, -0.0, 1]),
            "of eight": np.uint8([0, 1, 255]),
        }
    )
    made.attrs = {"settings": {"seed": 0, "fractions": [0.1, None, {"deep": True}]}}
    return made


@pytest.fixture
def write(tmp_path):
    def written(name, made, **how):
        path = tmp_path / name
        made.to_parquet(path, **{"index": False, **how})
        return path

    return written


def refused(found):
    assert isinstance(found, InputError)
    assert "\n" not in str(found)
    return str(found)


def test_tables_come_back_as_pandas_reads_them(write):
    made = [table(), table().iloc[:0], table()[["accuracy"]]]
    paths = [write(f"{k}.parquet", one) for k, one in enumerate(made)]
    for path, found in zip(paths, read_tables(paths), strict=True):
        expected = pd.read_parquet(path)
        assert_frame_equal(found, expected, check_exact=True)
        assert found.attrs == expected.attrs


def test_a_table_is_free_to_be_changed(write):
    (found,) = read_tables([write("a", table())])
    found.loc[0, "accuracy"] = 9.0
    found["more"] = 1
    assert found.accuracy[0] == 9


def test_each_damaged_file_is_told_and_the_others_are_read(write, tmp_path):
    whole = write("whole", table())
    cut, empty, none = (tmp_path / name for name in ("cut", "empty", "none"))
    cut.write_bytes(whole.read_bytes()[:-9])
    empty.touch()
    found = read_tables([cut, whole, none, empty, tmp_path])
    assert_frame_equal(found[1], pd.read_parquet(whole))
    for place, path in ((0, cut), (2, none), (3, empty), (4, tmp_path)):
        text = refused(found[place])
        assert text.startswith(f"{path} is not a readable table (")
        assert text.endswith("; delete it and make it again")
    assert read_tables([]) == []


STRANGE = {
    "categories": pd.DataFrame({"a": pd.Categorical(["x", "y"])}),
    "times": pd.DataFrame({"a": pd.to_datetime(["2020-01-01", "2020-01-02"])}),
    "bytes": pd.DataFrame({"a": [b"x", b"y"]}),
    "lists": pd.DataFrame({"a": [[1], [2]]}),
    "records": pd.DataFrame({"a": [{"b": 1}, {"b": 2}]}),
    "nullable": pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
}


@pytest.mark.parametrize("made", STRANGE.values(), ids=STRANGE)
def test_columns_that_no_table_of_ours_has_are_refused(write, made, monkeypatch):
    monkeypatch.setattr(tables, "guarded", lambda parse, *args, **_: parse(*args))
    assert "neither numbers nor text" in refused(read_tables([write("a", made)])[0])


def test_rows_with_an_index_are_refused(write, monkeypatch):
    monkeypatch.setattr(tables, "guarded", lambda parse, *args, **_: parse(*args))
    path = write("a", pd.DataFrame({"a": [1]}, index=[7]), index=True)
    assert "index of their own" in refused(read_tables([path])[0])


def test_a_file_that_ends_the_child_takes_no_other_with_it(write, monkeypatch):
    paths = [write(name, table()) for name in ("one", "bad", "two")]
    guarded = tables.guarded

    def ended(parse, files, **how):
        if paths[1] in files:
            raise InputError("the table bad cannot be read: its parser crashed")
        return guarded(parse, files, **how)

    monkeypatch.setattr(tables, "guarded", ended)
    found = read_tables(paths)
    assert "its parser crashed; delete it" in refused(found[1])
    assert_frame_equal(found[0], found[2])


def test_want_of_memory_is_for_the_guard_to_tell(write, monkeypatch):
    def swell(path):
        raise MemoryError

    path = write("a", table())
    monkeypatch.setattr(pd, "read_parquet", swell)
    with pytest.raises(MemoryError):
        tables.parse_tables([path])
