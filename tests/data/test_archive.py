"""Hostile archives: nothing is unpacked, followed, or read beyond its bounds."""

import gzip
import io
import os
import shutil
import subprocess
import tarfile
from collections import Counter

import pytest

from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import guarded
from netrobust.data import archive, sources
from netrobust.data.archive import member
from netrobust.data.sources import AptPackage, NpmPackage

NAME = "package/data/train-images-idx3-ubyte"
FILE = "train-images-idx3-ubyte"


def entry(name, content=b"", **about):
    one = tarfile.TarInfo(name)
    one.size = len(content)
    for key, value in about.items():
        setattr(one, key, value)
    return one, content


def link(name, to, kind=tarfile.SYMTYPE):
    return entry(name, type=kind, linkname=to)


def tar(*entries, pack=gzip.compress, **how):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", **how) as file:
        for one, content in entries:
            file.addfile(one, io.BytesIO(content))
    return pack(raw.getvalue())


def here(parse, *args, what, **_):
    """Do what the child would do, where nothing hangs and there are many cases."""
    try:
        return parse(*args)
    except InputError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{what} cannot be read ({reason})") from error


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to read archives in, inside one where a leak would be seen."""
    monkeypatch.setattr(archive, "guarded", here)
    folder = tmp_path / "outer" / "work"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    (tmp_path / "secret").write_bytes(b"secret")
    return folder


def read(place, raw, most=100):
    """Read the member, and see that the archive is all there is afterwards."""
    path = place / "a.tgz"
    path.write_bytes(raw)
    before = sorted(place.parent.parent.rglob("*"))
    try:
        return member(path, [NAME], most)
    finally:
        assert sorted(place.parent.parent.rglob("*")) == before


def refused(place, raw, most=100):
    with pytest.raises(InputError) as caught:
        read(place, raw, most)
    text = str(caught.value)
    assert "\n" not in text
    assert "a.tgz" in text
    return text


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", [NAME, f"./{NAME}"])
def test_a_file_is_read(place, pack, name):
    others = [entry("package/other", b"x" * 5000), entry(NAME + ".md", b"no")]
    assert read(place, tar(*others, entry(name, b"here"), pack=pack)) == b"here"


OUTSIDE = [
    "/tmp/netrobust-escaped",
    "../escaped",
    "../../escaped",
    f"package/data/../../../../{FILE}",
    f"/{NAME}",
    f"../{NAME}",
    f"C:\\{FILE}",
    f"././{NAME}",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_elsewhere_are_names_like_others(place, name):
    assert "no package/data" in refused(place, tar(entry(name, b"x")))
    assert read(place, tar(entry(name, b"x"), entry(NAME, b"here"))) == b"here"
    assert not os.path.exists("/tmp/netrobust-escaped")


LINKS = {
    "symlink to a file outside": [link(NAME, "../../../../secret")],
    "symlink with an absolute name": [link(NAME, "/etc/hostname")],
    "symlink to itself": [link(NAME, FILE)],
    "symlink within": [entry("package/data/b", b"b"), link(NAME, "b")],
    "hard link outside": [link(NAME, "/etc/hostname", tarfile.LNKTYPE)],
    "hard link within": [
        entry("package/data/b", b"b"),
        link(NAME, "package/data/b", tarfile.LNKTYPE),
    ],
    "hard link to itself": [link(NAME, NAME, tarfile.LNKTYPE)],
    "folder": [entry(NAME, type=tarfile.DIRTYPE)],
    "pipe": [entry(NAME, type=tarfile.FIFOTYPE)],
    "device": [entry(NAME, type=tarfile.CHRTYPE, devmajor=1, devminor=5)],
}


@pytest.mark.parametrize("entries", LINKS.values(), ids=LINKS)
def test_only_a_plain_file_is_read(place, entries):
    assert "it is no plain file" in refused(place, tar(*entries))


def test_a_folder_that_is_a_link_leads_nowhere(place):
    entries = [link("package/data", "/etc"), entry(f"{NAME}x", b"x")]
    assert " no " in refused(place, tar(*entries))
    assert read(place, tar(*entries, entry(NAME, b"here"))) == b"here"


@pytest.mark.parametrize("size", [101, 2**33, 2**62])
def test_a_declared_size_beyond_the_bound_is_refused(place, size):
    raw = tarfile.TarInfo(NAME)
    raw.size = size
    text = refused(place, gzip.compress(raw.tobuf(tarfile.GNU_FORMAT) + bytes(1024)))
    assert text.endswith(f"a file of at most 100 bytes; it is one of {size}")


def test_a_member_that_breaks_off_is_refused(place):
    raw = tarfile.TarInfo(NAME)
    raw.size = 90
    refused(place, raw.tobuf() + b"short")


@pytest.mark.parametrize(
    "raw",
    [b"", b"junk" * 400, gzip.compress(b""), gzip.compress(b"junk" * 400)],
    ids=["empty", "junk", "empty gzip", "junk in gzip"],
)
def test_what_is_no_archive_is_refused(place, raw):
    refused(place, raw)


def test_every_truncation_is_refused_or_whole(place):
    content = bytes(range(90))
    whole, outcomes = tar(entry("a", b"a" * 600), entry(NAME, content)), Counter()
    for size in range(0, len(whole), 3):
        try:
            assert read(place, whole[:size]) == content
            outcomes["whole"] += 1
        except InputError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > 50
    assert outcomes["whole"] > 1  # what is cut is the end of the archive


# Bombs


def bomb(size):
    """A gzip file of a few kilobytes per megabyte that opens into `size` zeros."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as file:
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
    return out.getvalue()


@pytest.fixture
def in_a_child(place, monkeypatch):
    monkeypatch.setattr(archive, "guarded", guarded)
    monkeypatch.setattr(archive, "MEMORY", 2**27)


@pytest.mark.usefixtures("in_a_child")
def test_a_bomb_costs_its_reader_a_bounded_time(place, monkeypatch):
    monkeypatch.setattr(archive, "SECONDS", 1.5)
    # The header says that terabytes lie before the file.
    first = tarfile.TarInfo("first")
    first.size = 2**42
    # A second gzip stream continues the first, so that the zeros can be repeated.
    raw = gzip.compress(first.tobuf(tarfile.GNU_FORMAT)) + bomb(2**26) * 600
    assert "did not end within 1.5 s" in refused(place, raw)


@pytest.mark.usefixtures("in_a_child")
@pytest.mark.parametrize("kind", [b"L", b"x", b"g"], ids=["name", "pax", "global"])
def test_a_header_that_swells_is_stopped(place, kind):
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = kind, 2**31
    raw = gzip.compress(head.tobuf(tarfile.GNU_FORMAT)) + bomb(2**26) * 5
    assert "needs more than the 0.12 GiB" in refused(place, raw)


@pytest.mark.usefixtures("in_a_child")
def test_headers_before_headers_without_end_are_refused(place):
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = b"L", 1
    block = head.tobuf(tarfile.GNU_FORMAT) + b"a" + bytes(511)
    refused(place, gzip.compress(block * 20_000))


# The packages that use it


def refused_package(source, work):
    with pytest.raises(OSError) as caught:  # noqa: PT011
        source.get(FILE, work)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entries", LINKS.values(), ids=LINKS)
def test_a_package_with_a_link_in_place_of_the_file_gives_nothing(place, entries):
    (place / "tiny-1.tgz").write_bytes(tar(*entries))
    refused_package(NpmPackage("tiny", "data"), place)
    (place / "files.tar").write_bytes(tar(*entries, pack=bytes))
    refused_package(AptPackage("tiny", "package/data"), place)


@pytest.mark.usefixtures("in_a_child")
def test_a_debian_package_is_not_unpacked(place, tmp_path, monkeypatch):
    """A real package whose folder is a link out of it."""
    root = tmp_path / "package"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: b\n"
    )
    (root / "usr/share/tiny").mkdir(parents=True)
    (root / "usr/share/tiny" / f"{FILE}.gz").write_bytes(b"packed")
    (root / "usr/share/out").symlink_to(tmp_path)
    if shutil.which("dpkg-deb") is None:
        pytest.skip("there is no dpkg-deb")
    build = ["dpkg-deb", "-b", root, tmp_path / "tiny.deb"]
    subprocess.run(build, check=True, capture_output=True)
    monkeypatch.setattr(
        AptPackage, "_download", lambda self, work: (tmp_path / "tiny.deb").rename(
            work / "tiny.deb"
        )
    )  # fmt: skip
    source = AptPackage("tiny", "usr/share/tiny")
    assert source.get(FILE, place) == b"packed"
    assert sorted(path.name for path in place.iterdir()) == ["files.tar", "tiny.deb"]
    with pytest.raises(OSError, match="no usr/share/out"):
        AptPackage("tiny", "usr/share/out").get("secret", place)


# Sources that send too much


def test_a_client_that_leaves_too_much_is_ended(place, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_WORK", 10_000)
    with pytest.raises(OSError, match="more than 10000 bytes arrived"):
        sources._run(["sh", "-c", "head -c 20000 /dev/zero >x; sleep 3600"], place)


def test_a_file_is_read_as_far_as_a_data_file_can_be_long(place, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_FILE", 10)
    (place / "long").write_bytes(bytes(50))
    assert len(sources.read(place / "long")) == 11
