"""Commands in any text, taken apart: the names of tools, and the words behind each.

Commands are read from scripts, CI files, Dockerfiles, notes and argument lists alike: words in their
order, whatever quotes, commas, brackets and list dashes stand between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from gitops_secrets.core.guard.read.composing import LimitError

_TOOLS = frozenset(
    {
        "docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "gcrane", "oras", "helm",
        "regctl", "cosign", "kubectl", "oc", "flux", "crictl", "ctr", "az", "imgpkg", "kbld",
        "kapp", "gitops-secrets", "notation", "trivy", "grype", "syft", "curl", "wget",
        "hub-tool", "img", "buildx", "k", "werf", "skaffold", "earthly", "tanzu", "imgctl", "k3d",
        "finch", "lima", "microk8s", "kbst", "ko", "nix", "apptainer", "singularity", "argocd", "jib",
        "snyk", "dockle", "Connect-AzContainerRegistry",
    }
)  # fmt: skip
_NAMES = {tool: frozenset({tool.encode(), f"{tool}.exe".encode()}) for tool in _TOOLS}
_WORDS = bytes(
    c if chr(c).isascii() and (chr(c).isalnum() or chr(c) in "_.-") else 32 for c in range(256)
)
"""Leaves of a text what the name of a tool consists of."""
_TOKEN = re.compile(
    r"\\?\r?\n[ \t]*(?:#+[ \t]*|//[ \t]*)?(?:-[ \t]+)?|[ \t,\[\]]+"
    r"|(?P<word>(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|\$\{[^{}\n]*\}|\$\([^()\n]*\)|`[^`\n]*`|\{\{(?:(?!\{\{)[^\n])*?\}\}|<[^<>\n]*>"
    r"|\\.|[^\s\"',\[\]|;&<>])+)|(?P<stop>[|;&<>])|(?P<odd>.)"
)
_PIECE = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|\\.|.", re.DOTALL)
_LONE_FLAG = re.compile(r"[ \t#/]*(?:-[ \t]+)?[\"']?--?[A-Za-z][\w-]*[\"']?,?[ \t]*")
_END_OF_ITEM = re.compile(r"[ \t]*(?:[,\]\r\n]|#|\Z)")
_SELECTOR = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\(\))?")
_CODE = "<code>"
_FAR = 200
MAX_WORDS = 20_000
_MAX_COMMANDS = 100_000
_SHELLS = frozenset({"kubectl", "oc", "k", "docker", "podman", "nerdctl", "microk8s", "lima"})
"""Tools that run another command, which stands behind two dashes."""


class Command(NamedTuple):
    """The name of a tool and the words behind it, each with its offset."""

    tool: str
    at: int
    words: list[tuple[int, str]]

    def __repr__(self) -> str:
        return f"Command({self.tool!r}, {self.at})"


def find(text: str) -> Iterator[Command]:
    """Yield each command of *text* that begins with the name of a known tool.

    Of one with MAX_WORDS words there may be more. Raises LimitError where there are too many commands.
    """
    end = count = 0
    for head in _heads(text, 0, len(text)):
        if head.start() < end:
            continue
        count += 1
        if count > _MAX_COMMANDS:
            raise LimitError(f"it holds more than {_MAX_COMMANDS} commands")
        at = head.end()
        if text[at] in "\"'" and _before_path(text, head.start()) == text[at]:
            at += 1
        stop = _end_of_code(text, head.start())
        words, end = _words(text, at, stop, runs_others=head["tool"] in _SHELLS)
        yield Command(head["tool"], head.start(), words)


def is_within(text: str, offset: int) -> bool:
    """Return whether what stands at *offset* follows the name of a tool on its line."""
    line = text.rfind("\n", 0, offset) + 1
    return _heads(text, max(line, offset - _FAR), offset) != []


def _heads(text: str, begin: int, end: int) -> list[re.Match[str]]:
    """Return where the name of a tool stands between *begin* and *end*, in order.

    Fifty names as alternatives of one pattern are tried one by one at every byte, and few stand in a text.
    """
    found = (_head(tool).finditer(text, begin, end) for tool in _tools_of(text[begin:end]))
    return sorted((head for heads in found for head in heads), key=re.Match.start)


def _tools_of(text: str) -> set[str]:
    """Return the tools whose names may stand in *text* as words: all that do, and some that do not."""
    words = set(text.encode("utf-8", "surrogatepass").translate(_WORDS).split())
    return {tool for tool, names in _NAMES.items() if not words.isdisjoint(names)}


@cache
def _head(tool: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<tool>{tool})(?<![\w.-]{tool})(?:\.exe)?(?=[\s\"',\]])")


def _before_path(text: str, at: int) -> str:
    """Return the character before the path that ends at *at*."""
    while at and (text[at - 1].isalnum() or text[at - 1] in "_./-"):
        at -= 1
    return text[at - 1 : at]


def _end_of_code(text: str, at: int) -> int:
    """Return where the code between backticks that *at* stands in ends; the end of *text* if it stands in none."""
    if text.count("`", text.rfind("\n", 0, at) + 1, at) % 2:
        line = text.find("\n", at)
        end = text.find("`", at, line if line >= 0 else len(text))
        if end >= 0:
            return end
    return len(text)


def _words(
    text: str, at: int, stop: int, *, runs_others: bool
) -> tuple[list[tuple[int, str]], int]:
    """Return the words of the command that goes on at *at*, with their offsets, and where it ends: at *stop* the latest.

    A line break ends it, unless it is escaped or the next line goes on with a flag or an argument of a list.
    An item of a list that is a command by itself ends it too. So does the command that a tool which
    *runs_others* runs elsewhere: reading on would read it once for each of many tools.
    """
    words: list[tuple[int, str]] = []
    while at < stop and len(words) < MAX_WORDS:
        match = _TOKEN.match(text, at, stop)
        if match is None or match["stop"]:
            break
        end = match.end()
        if match["word"]:
            end = at + _end_of_string(match["word"])
            word = text[at:end].strip("\"'")
            if runs_others and (word in ("--", "exec") or (" " in word and "login" in word)):
                break
            words.append((at, _CODE if _is_code(text, at, word) else word))
            if word.endswith((":", "':", '":')) and not word.startswith("-"):
                break
        elif "\n" in match.group():
            if not _goes_on(text, match, words):
                break
        elif "," in match.group() and not _is_argument(text, end):
            break
        at = end
    return words, at


def _end_of_string(word: str) -> int:
    """Return where the string ends that the command itself stands in, if *word* reads on into the next: its end if not.

    In ``["az acr login --name a", "make"]`` what stands behind the ``a`` would be taken for a string.
    """
    if "," in word:
        for piece in _PIECE.finditer(word):
            is_between = piece.group()[1:-1].strip(" \t") == ","
            if is_between and 0 < piece.start() < piece.end() < len(word):
                return piece.start() + 1
    return len(word)


def _is_code(text: str, at: int, word: str) -> bool:
    """Return whether *word* is a program's expression in a list of quoted strings, not a string itself."""
    before = text[max(0, at - _FAR) : at].rstrip()
    return (
        before.endswith(('",', "',")) and _SELECTOR.fullmatch(text, at, at + len(word)) is not None
    )


def _goes_on(text: str, line_break: re.Match[str], words: list[tuple[int, str]]) -> bool:
    if line_break.group().startswith("\\"):
        return True
    is_element = line_break.group().rstrip(" \t").endswith("-")
    if is_element:
        before = text[text.rfind("\n", 0, line_break.start()) + 1 : line_break.start()]
        return _LONE_FLAG.fullmatch(before) is not None or _is_argument(text, line_break.end())
    rest = text[line_break.end() : line_break.end() + 2].lstrip("\"'")
    if rest.startswith("-") and not rest.startswith("- "):
        return True
    return bool(words) and text[line_break.start() - 1 : line_break.start()] in (",", "[")


def _is_argument(text: str, at: int) -> bool:
    """Return whether the item of a list at *at* is an argument: a flag, with a value or without, or one word.

    Several words are a command by themselves: CI writes one in each item, and argument lists one word.
    """
    item = _TOKEN.match(text, at)
    if item is None or not item["word"]:
        return True
    if item["word"].lstrip("\"'").startswith("-"):
        return True
    return _END_OF_ITEM.match(text, item.end()) is not None
