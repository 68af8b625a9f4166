"""What every commit waits for: the staged contents, with nothing imported that they do not need.

A clean commit costs the byte filter and two runs of git; only what may matter loads the engine.
"""

from __future__ import annotations

import os
import sys

from gitops_secrets.adapters.git.objects import Git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitops_secrets.adapters.git.rawdiff import Change

_LARGE = 16 * 1024 * 1024
"""Larger contents are not held together in memory: the whole command line takes them one by one."""
_SETTINGS = ".gitops-secrets.yaml"
"""What is wrong with settings that are staged is said at once; their module is not loaded for the name."""
_DRAFT = ["scan", "--commit-msg"]
_STAGED = (["scan"], ["scan", "--staged"])


def quick(arguments: list[str]) -> int | None:
    """Run the guard over what is staged and return the exit status.

    None where *arguments* ask for something else, or anything goes wrong: the whole command line
    does it then, and has the words for it. Nothing was printed in that case.
    """
    if arguments[:2] == _DRAFT and len(arguments) == 3:
        return _draft(arguments[2])
    if arguments not in _STAGED:
        return None
    try:
        git = Git()
        staged = git.begin_staged()
        from gitops_secrets.core.guard.filter.prefilter import (
            may_be_sealed,
            may_hold,
            may_name_a_key,
        )

        changes = staged()
        new = [change.new for change in changes if change.new]
        if not new and git.is_bare():
            return None
        matters = {
            blob: content
            for blob, content in git.contents(list(dict.fromkeys(new)))
            if content is None or len(content) > _LARGE or may_hold(content)
        }
        if any(may_name_a_key(c.path) or c.path == _SETTINGS for c in changes):
            return None
        if any(content and len(content) > _LARGE for content in matters.values()):
            return None
        if matters or any(may_be_sealed(change.path) for change in changes):
            return _judge(git, changes, new, matters)
    except Exception:  # noqa: BLE001
        return None
    files = "1 staged file" if len(new) == 1 else f"{len(new)} staged files"
    sys.stdout.write(f"gitops-secrets: looked at {files}, nothing found\n")
    return 0


def _draft(path: str) -> int | None:
    """Look at a message, and leave one that may hold something to the whole command line."""
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGE + 1)
        from gitops_secrets.core.guard.filter.prefilter import may_hold

        if len(content) > _LARGE or may_hold(content) or _names_author():
            return None
    except Exception:  # noqa: BLE001
        return None
    sys.stdout.write("gitops-secrets: looked at 1 message, nothing found\n")
    return 0


def _names_author() -> bool:
    """Return whether the author is another than Git's settings say, and may hold something."""
    from gitops_secrets.core.guard.filter.prefilter import may_hold

    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL")
    return any(may_hold(os.fsencode(os.environ.get(name, ""))) for name in names)


def _judge(
    git: Git, changes: list[Change], new: list[str], matters: Mapping[str, bytes | None]
) -> int:
    index = git.begin_index()
    from gitops_secrets.adapters.running.here import way_to_top
    from gitops_secrets.commands.contents.known import Known
    from gitops_secrets.commands.scan.staged import judge_staged
    from gitops_secrets.core.guard.engine import examine
    from gitops_secrets.core.guard.record.facts import NOTHING
    from gitops_secrets.report.scan.text import render

    known = Known(git)
    for blob in dict.fromkeys(new):
        content = matters.get(blob, b"")
        if content is not None:
            known.add(blob, examine(content) if content else NOTHING)
    outcome = judge_staged(git, changes, known, index)
    report = render(outcome, way_to_top())
    if sys.stdout.isatty():
        from gitops_secrets.adapters.running.terminal import has_colour

        if has_colour(sys.stdout):
            from gitops_secrets.report.colour import paint

            report = "".join(f"{paint(line)}\n" for line in report.splitlines())
    sys.stdout.write(report)
    return int(outcome.exit_code)
