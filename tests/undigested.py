"""Files as netrobust wrote them before they carried a digest.

What is altered in such a file is not found by its digest, so readers must find it.
"""

from pathlib import Path

from netrobust.core import digests


def undigested(content: bytes) -> bytes:
    """Spoil the line of the digest, and leave everything in its place."""
    return content.replace(b", file format ", b", file-format ")


def without_digest(path: Path) -> Path:
    """Spoil the line of the digest of a file."""
    path.write_bytes(undigested(path.read_bytes()))
    assert digests.check(path) == ""
    return path
