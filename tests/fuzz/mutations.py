"""Real files made wrong: by bits, by numbers in them, and under their wrapping.

A mutation is ``(raw, other, rng) -> bytes``: `other` is a second whole file to take
pieces from. Wrapped formats are also opened, changed inside and closed again, so that
checksums and lengths hold and the change is what the parser meets.
"""

import gzip
import io
import json
import random
import re
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

Mutation = Callable[[bytes, bytes, random.Random], bytes]

#: With the time of day in their headers, files would be others each second.
packed = partial(gzip.compress, mtime=0)

EXTREMES = (
    0, 1, 2, 3, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**16, 2**24, 2**31 - 1, 2**31,
    2**32 - 1, 2**32, 2**40, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1,
)  # fmt: skip
NUMBERS = (
    b"0", b"-0", b"-1", b"1", b"2", b"255", b"65536", b"2147483647", b"2147483648",
    b"-2147483649", b"4294967296", b"9223372036854775807", b"9223372036854775808",
    b"99999999999999999999999", b"1" * 5000, b"1e999", b"-1e999", b"1e-400", b"0.5",
    b"1e18", b"NaN", b"nan", b"Infinity", b"inf", b"", b"0x10", b"1_0", b"\xd9\xa3",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, -(10**30), 0.5, -0.0,
    1e308, float("nan"), float("inf"), "", "x", "\x00", "é\ud800", "../../x", "/x", [],
    {}, [[]], [0], ["x"], {"": 0}, {"x": {"x": {}}}, [None, None], "1", "set", 1e-320,
)  # fmt: skip


def wrong(
    raw: bytes, other: bytes, rng: random.Random, inside: tuple[Mutation, ...] = ()
) -> bytes:
    """Change a file: under its wrapping in two cases of three, if there is one."""
    if inside and rng.random() < 0.66:
        return rng.choice(inside)(raw, other, rng)
    return plainly(raw, other, rng)


def plainly(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change bytes in one to three ways, whatever they are."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        raw = rng.choice(PLAIN)(raw, other, rng)
    return raw


def _place(raw: bytes, rng: random.Random) -> int:
    """A place in a file; where lengths stand, near its ends, more often."""
    size = len(raw)
    if rng.random() < 0.4:
        return rng.randrange(min(size, 64) + 1)
    if rng.random() < 0.2:
        return size - rng.randrange(min(size, 64) + 1)
    return rng.randrange(size + 1)


def flip_bits(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    if not raw:
        return other
    out = bytearray(raw)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        place = min(_place(raw, rng), len(raw) - 1)
        out[place] ^= 1 << rng.randrange(8)
    return bytes(out)


def set_byte(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    place = _place(raw, rng)
    return raw[:place] + rng.randbytes(1) + raw[place + 1 :]


def set_length(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Write an extreme integer over some bytes, as over a length field."""
    form = rng.choice(("<B", "<H", "<I", "<Q", ">H", ">I", ">Q"))
    size = struct.calcsize(form)
    value = rng.choice(EXTREMES) & (2 ** (8 * size) - 1)
    place = _place(raw, rng)
    return raw[:place] + struct.pack(form, value) + raw[place + size :]


def truncate(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    return raw[: _place(raw, rng)]


def lengthen(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    more = rng.choice((b"\0", rng.randbytes(9), bytes(4096), raw, other))
    return raw + more


def cut(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    start = _place(raw, rng)
    return raw[:start] + raw[start + rng.choice((1, 2, 7, 8, 64, 500)) :]


def double(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    start = _place(raw, rng)
    piece = raw[start : start + rng.choice((1, 4, 8, 64, 500))]
    return raw[:start] + piece * rng.choice((2, 3, 50)) + raw[start + len(piece) :]


def insert(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    place = _place(raw, rng)
    return raw[:place] + rng.randbytes(rng.choice((1, 2, 8, 40))) + raw[place:]


def nest(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Open brackets that nobody closes."""
    place = _place(raw, rng)
    piece = rng.choice((b"[", b"{", b'{"a":', b"(", b"<a>", b"[["))
    return raw[:place] + piece * rng.choice((3, 2000, 60_000)) + raw[place:]


def splice(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """The beginning of one file and the end of another."""
    return raw[: _place(raw, rng)] + other[_place(other, rng) :]


def noise(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Keep nothing but, at times, how the file begins."""
    return raw[: rng.choice((0, 0, 2, 4, 8, 16))] + rng.randbytes(rng.randrange(300))


def set_number(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Replace one number in text, or one word in quotes."""
    pattern = rng.choice((rb"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", rb'"[^"\n]{0,60}"'))
    found = list(re.finditer(pattern, raw[:200_000]))
    if not found:
        return set_length(raw, other, rng)
    one = rng.choice(found)
    new = rng.choice(NUMBERS)
    if one.group().startswith(b'"'):
        new = rng.choice((b'"' + new + b'"', rng.choice(found).group()))
    return raw[: one.start()] + new + raw[one.end() :]


PLAIN: tuple[Mutation, ...] = (
    flip_bits, flip_bits, set_byte, set_length, set_length, truncate, lengthen, cut,
    double, insert, splice, noise, set_number, set_number, nest,
)  # fmt: skip


# Under the wrapping


def in_gzip(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    def opened(one: bytes) -> bytes:
        return gzip.decompress(one) if one[:2] == b"\x1f\x8b" else one

    return packed(plainly(opened(raw), opened(other), rng), 1)


def in_zip(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change, drop, add, rename or double a member, and pack all with right sums."""

    def opened(one: bytes) -> dict[str, bytes]:
        try:
            with zipfile.ZipFile(io.BytesIO(one)) as archive:
                return {name: archive.read(name) for name in archive.namelist()}
        except zipfile.BadZipFile:
            return {}

    members = opened(raw)
    if not members:
        return plainly(raw, other, rng)
    names = list(members)
    pairs, name = list(members.items()), rng.choice(names)
    k = names.index(name)
    what = rng.randrange(8)
    if what < 4:
        inner = rng.choice(list(opened(other).values()) or [b""])
        pairs[k] = name, plainly(members[name], inner, rng)
    elif what == 4:
        del pairs[k]
    elif what == 5:
        pairs.append((rng.choice((name, "more.npy", "../x.npy", "/x", "")), b"x"))
    elif what == 6:
        pairs[k] = (rng.choice((name + "x", "../" + name, "x")), members[name])
    else:
        pairs[k] = name, members[rng.choice(names)]
    out = io.BytesIO()
    packing = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", packing) as archive:
        warnings.simplefilter("ignore")  # names given twice are part of the trial
        for one, content in pairs:
            archive.writestr(zipfile.ZipInfo(one), content, packing)
    return out.getvalue()


def in_tar(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change headers with their sums made right again."""
    plain = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    out = bytearray(plain)
    starts = range(0, max(len(out) - 511, 1), 512)
    for _ in range(rng.choice((1, 1, 2))):
        start = rng.choice(starts)
        head = bytearray(out[start : start + 512].ljust(512, b"\0"))
        what = rng.randrange(4)
        if what == 0:
            head[156:157] = bytes([rng.randrange(256)])  # the type
        elif what == 1:
            size = rng.choice(
                (
                    b"77777777777",
                    b"00000000000",
                    b"-1",
                    b"\x80" + bytes(11),
                    b"\x80\x00\x00\x00\x7f" + b"\xff" * 7,
                    b"\xff" * 12,
                )
            )
            head[124:136] = size.ljust(12, b"\0")
        elif what == 2:
            head[:100] = rng.choice((b"/x", b"../x", b"package/x", b"")).ljust(
                100, b"\0"
            )
        else:
            head = bytearray(plainly(bytes(head), other[:512], rng)[:512].ljust(512))
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        out[start : start + 512] = head
    return packed(bytes(out), 1) if rng.random() < 0.5 else bytes(out)


def in_json(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change values, drop and double entries of a JSON document."""
    try:
        tree = json.loads(raw)
    except ValueError:
        return plainly(raw, other, rng)
    for _ in range(rng.choice((1, 1, 2, 3))):
        tree = _other_value(tree, rng, rng.random())
    if rng.random() < 0.02:
        return b'{"x":' * 100_000
    return json.dumps(tree).encode()


def _other_value(tree: Any, rng: random.Random, depth: float) -> Any:
    """Walk down at random and change what is there."""
    if not tree or not isinstance(tree, dict | list) or rng.random() < depth / 4:
        if isinstance(tree, str) and rng.random() < 0.5:
            text = plainly(tree.encode("utf-8", "replace"), b"x(a=1)@", rng)
            return text.decode("utf-8", "replace")
        return rng.choice(VALUES)
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    key, what = rng.choice(keys), rng.random()
    out = tree.copy()
    if what < 0.08:
        del out[key]
    elif what < 0.12:
        new = rng.choice(("", "x", "epoch", "seed", *map(str, keys)))
        if isinstance(out, dict):
            out[new] = out.pop(key)
        else:
            out.append(out[key])
    elif what < 0.15 and isinstance(out, list):
        out *= rng.choice((0, 2, 300))
    else:
        out[key] = _other_value(out[key], rng, depth)
    return out


def in_safetensors(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change the header, or the JSON that we keep in it, and the lengths with it."""
    size = int.from_bytes(raw[:8], "little")
    header, data = json.loads(raw[8 : 8 + size]), raw[8 + size :]
    kept = header.get("__metadata__", {})
    what = rng.random()
    if kept and what < 0.6:
        key = rng.choice(list(kept))
        kept[key] = in_json(kept[key].encode(), b"{}", rng).decode("utf-8", "replace")
        text = json.dumps(header).encode()
    elif what < 0.8:
        text = in_json(json.dumps(header).encode(), b"{}", rng)
    elif what < 0.9:
        text = plainly(json.dumps(header).encode(), b"{}", rng)
    else:
        text, data = json.dumps(header).encode(), plainly(data, other, rng)
    return struct.pack("<Q", len(text)) + text + data


def in_text(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change words: drop, double, swap them, or take numbers and words of elsewhere."""
    pattern = rb"[A-Za-z_]+|[-+]?\d[\d.e+-]*|\s+|."
    words, strange = (re.findall(pattern, one, re.DOTALL) for one in (raw, other))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        place = rng.randrange(len(words) + 1)
        numbers = [k for k, word in enumerate(words) if word[:1].isdigit()]
        what = rng.randrange(6)
        if what == 0:
            words[place : place + 1] = []
        elif what == 1:
            words[place:place] = words[place : place + rng.randrange(1, 6)]
        elif what == 2 and strange:
            words[place : place + 1] = [rng.choice(strange)]
        elif what == 3:
            words[place:place] = [
                rng.choice((b" ", b",", b"=", b"(", b")", b"@", b'"'))
            ]
        elif numbers:
            words[rng.choice(numbers)] = rng.choice(NUMBERS)
        else:
            words[place : place + 1] = [rng.choice((b"true", b"False", b"None", b"1"))]
    return b"".join(words)


def tarred(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            one = tarfile.TarInfo(name)
            one.size = len(content)
            archive.addfile(one, io.BytesIO(content))
    return packed(out.getvalue())
