"""Files are whole or absent, and temporary ones do not stay."""

import os
import signal
from pathlib import Path

import pytest
from networks import in_new_process

from netrobust.core.atomic_files import remove_leftovers, replacing
from netrobust.core.errors import InputError


def write(path, text="new"):
    with replacing(path) as part:
        part.write_text(text)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_file_appears_or_is_replaced_and_its_folder_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "note.txt"
    write(path, "old")
    with replacing(path) as part:
        assert part.parent == path.parent
        assert part.name.startswith(".note.txt.")
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(path.parent) == ["note.txt"]


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, InputError])
def test_whatever_breaks_off_leaves_the_old_file_alone(tmp_path, error):
    path = tmp_path / "note.txt"
    write(path, "old")

    def break_off():
        with replacing(path) as part:
            part.write_text("ne")
            raise error

    with pytest.raises(error):
        break_off()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["note.txt"]


def test_a_place_that_cannot_be_written_to_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("here")
    (tmp_path / "folder").mkdir()
    for place in ("file/note.txt", "folder", "n" * 300):
        with pytest.raises(InputError) as caught:
            write(tmp_path / place)
        message = str(caught.value)
        assert message.startswith(f"cannot write {tmp_path / place}: ")
        assert "choose another" in message
    with (
        pytest.raises(InputError, match=r"note\.txt: no space left; buy another disk"),
        replacing(tmp_path / "note.txt", advice="buy another disk"),
    ):
        raise OSError("no space left")
    assert names(tmp_path) == ["file", "folder"]


KILLED = """
import os, signal, sys
from pathlib import Path
from netrobust.core.atomic_files import replacing
with replacing(Path(sys.argv[1])) as part:
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_the_dead_left_is_removed_and_nothing_else(tmp_path):
    path = tmp_path / "note.txt"
    in_new_process(KILLED, path, expect=-signal.SIGKILL)
    (left,) = names(tmp_path)
    assert left.startswith(".note.txt.")
    token = left.removesuffix(".part")[-12:]
    others = [
        ".note.txt", ".note.txt.swp", ".note.txt.1.part", "note.txt", f"x{left}",
        f".note.txt.{os.getppid()}-{token}.part",  # its writer lives
        left.replace("note", "other"), left.replace(".txt", "-txt"), f"{left}~",
    ]  # fmt: skip
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / f".note.txt.{10**30}-{token}.part").touch()  # no process at all
    remove_leftovers(path)
    assert names(tmp_path) == sorted(others)


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_path_without_the_name_of_a_file_is_refused(path):
    with pytest.raises(InputError, match="names no file"), replacing(Path(path)):
        raise AssertionError
