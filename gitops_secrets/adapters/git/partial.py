"""The contents of a clone that may lack some: Git ends in where one is missing, instead of saying so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from gitops_secrets.adapters.git.objects import Git, open_input, read_contents

_ALL_OBJECTS = ("--batch-all-objects", "--unordered", "--batch-check=%(objectname)")


def is_partial(git: Git) -> bool:
    """Return whether this is a clone that Git fetches missing contents for."""
    process, output = git.start(
        ("config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$"),
        open_input(b""),
    )
    with output:
        found = output.read()
    os.waitpid(process, 0)
    return bool(found)


def contents(git: Git, ids: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield what ``Git.contents`` does, after asking which objects are here."""
    here = set(git.ask("cat-file", *_ALL_OBJECTS).decode().split())
    arguments = ("cat-file", "--batch", "--buffer")
    wanted = [name for name in ids if name in here]
    process, output = git.start(arguments, open_input("".join(f"{i}\n" for i in wanted).encode()))
    with output:
        try:
            for name in ids:
                if name in here:
                    yield from read_contents(output, (name,))
                else:
                    yield name, None
        except EOFError:
            git.fail(process, arguments)
    git.wait(process, arguments, b"")
