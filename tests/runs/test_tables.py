"""Tables on disk are whole or absent."""

import logging

import pandas as pd
import pytest

from netrobust.core import digests
from netrobust.core.errors import InputError
from netrobust.runs import tables
from netrobust.runs.tables import Parts, read_table, write_table

TABLE = pd.DataFrame({"network": ["a", "b"], "accuracy": [0.1, 1 / 3]})


def test_a_table_comes_back_to_the_last_bit(tmp_path):
    path = tmp_path / "new" / "t.parquet"
    write_table(TABLE, path)
    pd.testing.assert_frame_equal(read_table(path), TABLE, check_exact=True)
    assert [one.name for one in path.parent.iterdir()] == ["t.parquet"]


def test_a_table_that_breaks_off_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    write_table(TABLE, path)
    whole = path.read_bytes()

    def breaks_off(written):
        written.write_bytes(whole[:100])
        raise OSError("no space left on device")

    monkeypatch.setattr(digests, "fill", breaks_off)
    with pytest.raises(InputError, match=r"cannot write .*t\.parquet: no space left"):
        write_table(TABLE, path)
    with pytest.raises(InputError, match=r"cannot write .*other\.parquet: no space"):
        write_table(TABLE, tmp_path / "other.parquet")
    assert path.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    for place in ("file/t.parquet", f"{'n' * 250}.parquet"):
        with pytest.raises(InputError, match=r"cannot write .*\.parquet: .*choose"):
            write_table(TABLE, tmp_path / place)
    with pytest.raises(InputError, match="cannot write"):
        Parts(tmp_path / "file").put("one", TABLE)


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b"", lambda b: b"x"])
def test_a_damaged_table_is_named(tmp_path, damage):
    path = tmp_path / "t.parquet"
    write_table(TABLE, path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"t\.parquet is not a readable table"):
        read_table(path)


def test_parts_are_kept_and_counted(tmp_path):
    parts = Parts(tmp_path / "parts")
    assert parts.found(["one"]) == {}
    assert parts.count() == 0
    parts.put("one", TABLE)
    found = parts.found(["one", "two"])
    assert list(found) == ["one"]
    pd.testing.assert_frame_equal(found["one"], TABLE, check_exact=True)
    assert Parts(tmp_path / "parts").count() == 1


@pytest.mark.parametrize("size", [0, 3, 4, 50, -1])
def test_a_part_that_is_cut_off_is_not_sound(tmp_path, size):
    parts = Parts(tmp_path)
    assert not parts.sound("one")
    parts.put("one", TABLE)
    assert parts.sound("one")
    file = tmp_path / "one.parquet"
    file.write_bytes(file.read_bytes()[:size])
    assert not parts.sound("one")


def test_a_damaged_part_is_computed_again(tmp_path, caplog):
    parts = Parts(tmp_path)
    parts.put("one", TABLE)
    file = tmp_path / "one.parquet"
    file.write_bytes(file.read_bytes()[:50])
    with caplog.at_level(logging.WARNING, "netrobust"):
        assert parts.found(["one"]) == {}
    assert "computing a damaged part again" in caplog.text
    parts.put("one", TABLE)
    assert list(parts.found(["one"])) == ["one"]


def test_only_what_this_process_wrote_is_read_in_it(tmp_path, monkeypatch):
    mine, other = tmp_path / "mine.parquet", tmp_path / "other.parquet"
    write_table(TABLE, mine)
    write_table(TABLE.iloc[:1], other)
    TABLE.iloc[1:].to_parquet(other, index=False)  # put there by somebody else
    asked = []
    monkeypatch.setattr(
        tables, "guarded", lambda parse, paths, **_: asked.append(paths) or parse(paths)
    )
    ours, theirs = tables.read_tables([mine, other])
    assert asked == [[other]]
    pd.testing.assert_frame_equal(ours, TABLE, check_exact=True)
    assert ours.attrs == TABLE.attrs
    assert len(theirs) == len(TABLE) - 1
    content = bytearray(mine.read_bytes())
    content[-1] ^= 1
    mine.write_bytes(content)
    with pytest.raises(InputError, match="is not a readable table"):
        read_table(mine)
    assert asked[1:] == []  # its bytes were altered: no parser sees it
