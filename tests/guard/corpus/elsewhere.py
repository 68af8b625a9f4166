"""What stands in Git for a content that is kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from tests.guard.corpus.case import Case, found
from tests.support.draw import hexadecimal


def readable() -> Iterator[Case]:
    oid = f"oid sha256:{hexadecimal(32)}"
    for name, lines in (
        ("lfs pointer", ["version https://git-lfs.github.com/spec/v1", oid, "size 48211"]),
        ("old pointer", ["version https://hawser.github.com/spec/v1", oid, "size 7"]),
        ("pointer with an extension", ["version https://git-lfs.github.com/spec/v1", f"ext-0-zip sha256:{hexadecimal(32)}", oid, "size 9"]),
    ):  # fmt: skip
        text = "\n".join(lines) + "\n"
        yield found(f"elsewhere/{name}", "content-elsewhere", text, "Git has no more of it")
