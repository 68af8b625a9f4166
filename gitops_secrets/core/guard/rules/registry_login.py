"""A command that passes a registry's password: to docker, helm, crane, kubectl, flux and their kin.

Commands are read from scripts, CI files, Dockerfiles, notes and argument lists alike: words in their
order, whatever quotes, commas, brackets and list dashes stand between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from gitops_secrets.core.guard.patterns.placeholders import is_placeholder, is_placeholder_whole
from gitops_secrets.core.guard.read.composing import LimitError
from gitops_secrets.core.guard.read.encoding import from_base64
from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "registry-login",
    "a command passes readable registry credentials",
    "read the password from a variable or standard input in {path}",
)

_TOOLS = frozenset(
    {
        "docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "gcrane", "oras", "helm",
        "regctl", "cosign", "kubectl", "oc", "flux", "crictl", "ctr", "az", "imgpkg", "kbld",
        "kapp", "gitops-secrets", "notation", "trivy", "grype", "syft", "curl", "wget",
        "hub-tool", "img", "buildx", "k", "werf", "skaffold", "earthly", "tanzu", "imgctl", "k3d",
        "finch", "lima", "microk8s", "kbst", "ko", "nix",
    }
)  # fmt: skip
_TOKEN = re.compile(
    r"\\?\r?\n[ \t]*(?:#+[ \t]*|//[ \t]*)?(?:-[ \t]+)?|[ \t,\[\]]+"
    r"|(?P<word>(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|\$\{[^{}\n]*\}|\$\([^()\n]*\)|`[^`\n]*`|\{\{(?:(?!\{\{)[^\n])*?\}\}|<[^<>\n]*>"
    r"|\\.|[^\s\"',\[\]|;&<>])+)|(?P<stop>[|;&<>])|(?P<odd>.)"
)
_LOGIN = frozenset({"login"})
_PASSWORD = frozenset(
    {
        "-p", "--password", "--docker-password", "--registry-password", "--dest-registry-token",
        "--source-password", "--src-password", "--dest-password", "--destination-password",
        "--registry-pass", "--image-registry-password", "--oci-password", "--registry-token",
        "--from-password", "--to-password", "--http-password", "--identity-token", "--dest-registry-password",
    }
)  # fmt: skip
_CREDS = frozenset(
    {
        "--creds",
        "--src-creds",
        "--dest-creds",
        "--registry-creds",
        "--source-creds",
        "--image-creds",
    }
)
_USER_PAIR = frozenset({"-u", "--user"})
_ATTACHED = re.compile(r"-(?P<flag>[pu])(?P<value>[^-=\s].*)")
_CURL_USER = re.compile(r"-[aBfgGiIjJklLMnNOpqRsSvVZ#012346]*u(?P<value>.*)")
"""Flags without a value stand together with the last, which may have one."""
_BASIC = re.compile(r"(?i)(?:--?header=|-H)?[\"']?authorization:[ \t]*basic[ \t]+(?P<value>\S+)")
_ANY = r"(?P<value>\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}'|[^\s|;&()<>\"']{1,4000})"
_PRINTED = (
    r"(?:echo|printf|print|Write-Output)[ \t]+(?:-{1,2}[neE]*[ \t]+)*"
    rf"(?:[\"']?%[sb](?:\\{{1,2}}n)?[\"']?[ \t]+)?{_ANY}"
)
_FILTERED = r"(?:\|[ \t\\\r\n#]*(?:tr|base64|sed|cut|head|tail|xargs|tee|cat|awk|rev)\b[^|;&\n]{0,200}){0,3}"
_TO_LOGIN = (
    r"\|[ \t\\\r\n#]*(?:sudo[ \t]+)?(?:docker|podman|nerdctl|buildah|skopeo|crane|oras|helm|regctl|cosign|flux|az|img)\b"
    r"[^\n|;&]{0,2000}?--password-stdin"
)
_STDIN = tuple(
    re.compile(pattern)
    for pattern in (
        *(
            rf"{source}[ \t\\\r\n#]*{_FILTERED}{_TO_LOGIN}"
            for source in (
                _PRINTED,
                rf"<<<[ \t]*{_ANY}",
                r"(?m:^)[ \t]*(?P<value>\"[^\"/\n]{1,4000}\"|'[^'/\n]{1,4000}')",
            )
        ),
        rf"--password-stdin[^\n|;&]{{0,500}}?<<<[ \t]*{_ANY}",
        rf"--password-stdin[^\n|;&]{{0,500}}?<[ \t]*<\([ \t]*{_PRINTED}",
    )
)
"""What is printed into a login's standard input: by a shell, or by PowerShell, to which a string is enough."""
_HERE_DOCUMENT = re.compile(
    r"<<(?!<)[-~]?[ \t]*[\"'\\]?(?P<end>\w{1,60})(?P<rest>[^\n]{0,2000})\n\s{0,200}(?P<value>[^\n]{1,4000})"
)
_OF_LOGIN = frozenset({"-p", "--password"})
_NAMES_USER = re.compile(r"-u|--?user")
_WORD_OR_PORT = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+)[.:;!?)]*|[0-9.]*:?[0-9]+:[0-9]+(?:/[a-z]+)?")
"""What may stand behind -p where no user is named, as one is in every login of a script."""
_SELECTOR = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\(\))?")
_CODE = "<code>"
_FAR = 200
_MAX_WORDS = 20_000
_MAX_COMMANDS = 100_000


def find(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the password of each command that gives one away.

    Raises LimitError where there are too many commands, or one is too long, to look at all of it.
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
        words, end = _words(text, at, _end_of_code(text, head.start()))
        if _matters(head["tool"], words):
            yield from _passwords(head["tool"], words)
            if len(words) == _MAX_WORDS:
                raise LimitError(f"a command of it has more than {_MAX_WORDS} words")
    if "--password-stdin" in text:
        yield from _from_standard_input(text)


def _from_standard_input(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the password of each login that reads a readable one from its standard input."""
    for pattern in _STDIN:
        for match in pattern.finditer(text):
            secret = _secret(match["value"])
            if secret:
                yield match.start("value"), secret
    for match in _HERE_DOCUMENT.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()] + match["rest"]
        value = match["value"].strip()
        if "--password-stdin" in line and value != match["end"] and (secret := _secret(value)):
            yield match.start("value"), secret


def is_within(text: str, offset: int) -> bool:
    """Return whether what stands at *offset* follows the name of a tool on its line."""
    line = text.rfind("\n", 0, offset) + 1
    return _heads(text, max(line, offset - _FAR), offset) != []


def _heads(text: str, begin: int, end: int) -> list[re.Match[str]]:
    """Return where the name of a tool stands between *begin* and *end*, in order.

    Fifty names as alternatives of one pattern are tried one by one at every byte, and few stand in a text.
    """
    found = (_head(t).finditer(text, begin, end) for t in _TOOLS if text.find(t, begin, end) >= 0)
    return sorted((head for heads in found for head in heads), key=re.Match.start)


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


def _words(text: str, at: int, stop: int) -> tuple[list[tuple[int, str]], int]:
    """Return the words of the command that goes on at *at*, with their offsets, and where it ends: at *stop* the latest.

    A line break ends it, unless it is escaped or the next line goes on with a flag or a list element.
    """
    words: list[tuple[int, str]] = []
    while at < stop and len(words) < _MAX_WORDS:
        match = _TOKEN.match(text, at, stop)
        if match is None or match["stop"]:
            break
        if match["word"]:
            word = match["word"].strip("\"'")
            words.append((at, _CODE if _is_code(text, at, word) else word))
            if word.endswith((":", "':", '":')) and not word.startswith("-"):
                break
        elif "\n" in match.group() and not _goes_on(text, match, words):
            break
        at = match.end()
    return words, at


def _is_code(text: str, at: int, word: str) -> bool:
    """Return whether *word* is a program's expression in a list of quoted strings, not a string itself."""
    before = text[max(0, at - _FAR) : at].rstrip()
    return (
        before.endswith(('",', "',")) and _SELECTOR.fullmatch(text, at, at + len(word)) is not None
    )


def _goes_on(text: str, line_break: re.Match[str], words: list[tuple[int, str]]) -> bool:
    if line_break.group().startswith("\\"):
        return True
    rest = text[line_break.end() : line_break.end() + 2].lstrip("\"'")
    is_element = line_break.group().rstrip(" \t").endswith("-")
    if rest.startswith("-") and not rest.startswith("- "):
        return True
    if is_element:
        return True
    return bool(words) and text[line_break.start() - 1 : line_break.start()] in (",", "[")


def _matters(tool: str, words: list[tuple[int, str]]) -> bool:
    plain = [w for _, w in words]
    if tool in ("kubectl", "oc", "k"):
        return (
            "docker-registry" in plain
            or "login" in plain
            or any("docker-password" in w for w in plain)
        )
    if tool in ("curl", "wget"):
        return any(re.search(r"/v2(?:/|$)|/token\?", w) for w in plain)
    if tool == "az":
        return "acr" in plain
    if tool == "flux":
        return plain[:1] != ["create"] or not {"git", "alert-provider"} & set(plain[:4])
    if tool == "oc":
        return "registry" in plain
    return True


def _passwords(tool: str, words: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    is_login = any(w in _LOGIN for _, w in words[:6]) and words[0][1] != "compose"
    has_user = any(_NAMES_USER.match(w) for _, w in words)
    for index, (offset, word) in enumerate(words):
        flag, equals, value = word.partition("=")
        at = offset
        if not equals:
            attached = (
                _ATTACHED.fullmatch(word) if is_login and tool not in ("kubectl", "oc") else None
            )
            together = _CURL_USER.fullmatch(word) if tool == "curl" else None
            if attached:
                flag, value = "-" + attached["flag"], attached["value"]
            elif together and together["value"]:
                flag, value = "-u", together["value"]
            elif index + 1 < len(words):
                flag = "-u" if together else flag
                at, value = words[index + 1]
        value = value.strip("\"'")
        header = _BASIC.fullmatch(word) if tool in ("curl", "wget") else None
        if header:
            flag, at, value = "--auth", offset, header["value"]
        secret = _flag_secret(tool, flag, value, is_login=is_login)
        if secret and not (flag in _OF_LOGIN and _is_prose(value, has_user=has_user)):
            yield at, secret


def _is_prose(value: str, *, has_user: bool) -> bool:
    """Return whether *value* goes on with a sentence about a flag, or is the port that docker publishes."""
    if value.rstrip(".:;!?)") in ("and", "or", "flag", "flags", "option"):
        return True
    return not has_user and _WORD_OR_PORT.fullmatch(value) is not None


def _flag_secret(tool: str, flag: str, value: str, *, is_login: bool) -> str | None:
    if flag in _PASSWORD and (flag != "-p" or is_login):
        if (
            flag in ("-p", "--password")
            and not is_login
            and tool in ("docker", "podman", "nerdctl")
        ):
            return None
        return _secret(value)
    if flag in _CREDS or (flag in _USER_PAIR and tool in ("ctr", "curl", "wget")):
        password = value.partition(":")[2]
        return _secret(password)
    if flag == "--auth" and tool in ("crictl", "curl", "wget"):
        decoded = from_base64(value)
        if decoded and b":" in decoded:
            password = decoded.decode("latin-1").partition(":")[2].strip()
            return None if is_placeholder_whole(password) else password
    return None


def _secret(value: str) -> str | None:
    value = value.strip().strip("\"'")
    if not value or value.startswith("-") or is_placeholder(value):
        return None
    return value
