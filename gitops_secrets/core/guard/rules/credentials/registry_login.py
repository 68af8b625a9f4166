"""A command that passes a registry's password: to docker, helm, crane, kubectl, flux and their kin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_secrets.core.guard.patterns import commands
from gitops_secrets.core.guard.patterns.addresses import is_of_another_trade, is_registry
from gitops_secrets.core.guard.patterns.headers import password_of
from gitops_secrets.core.guard.patterns.placeholders import is_placeholder, literal_in
from gitops_secrets.core.guard.patterns.variables import Variables
from gitops_secrets.core.guard.read.composing import LimitError
from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "registry-login",
    "a command passes readable registry credentials",
    "read the password from a variable or standard input in {path}",
)

_PASSWORD = frozenset(
    {
        "-p", "--password", "--docker-password", "--registry-password", "--dest-registry-token",
        "--source-password", "--src-password", "--dest-password", "--destination-password",
        "--registry-pass", "--image-registry-password", "--oci-password", "--registry-token",
        "--from-password", "--to-password", "--http-password", "--identity-token", "--dest-registry-password",
        "--docker-registry-server-password", "--pass", "-Password",
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
        "--auth-basic",
    }
)
_RUNNERS = frozenset({"exec", "run", "compose", "create", "build"})
"""What stands behind these may be another tool's login."""
_SHELL_VARIABLE = re.compile(r"\$\{[^{}]*\}|\$\w+|\{\{[^{}]*\}\}")
_FOR_TOKEN = re.compile(r"/token\?(?:.*&)?(?:service=|scope=repository)")
_ROOT = re.compile(r"(?:https?://)?[\w.-]+(?::[0-9]+)?/v2/?")
"""What a client asks first, to see whether it is let in."""
_CONCATENATED = re.compile(r"[\"'][ ]?\+[ ]?[A-Za-z_]")
"""How a program goes on behind a string with what it holds elsewhere."""
_USER_PAIR = frozenset({"-u", "--user"})
_ATTACHED = re.compile(r"-(?P<flag>[pu])(?P<value>[^-=\s].*)")
_CURL_USER = re.compile(r"-[aBfgGiIjJklLMnNOpqRsSvVZ#012346]*u(?P<value>.*)")
"""Flags without a value stand together with the last, which may have one."""
_BASIC = re.compile(r"(?i)(?:--?header=|-H)?[\"']?authorization:[ \t]*basic[ \t]+(?P<value>\S+)")
_ANY = r"(?P<value>\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}'|[^\s|;&()<>\"']{1,4000}+)"
_GAP = r"[ \t\\\r\n#]*+"
"""What may stand before a bar. A word gives none of it back: the two would share a run of it in each way there is."""
_PRINTED = (
    r"(?:echo|printf|print|Write-Output)[ \t]+(?:-{1,2}[neE]*[ \t]+)*"
    rf"(?:[\"']?%[sb](?:\\{{1,2}}n)?[\"']?[ \t]+)?{_ANY}"
)
_FILTERED = (
    rf"(?:\|{_GAP}(?:tr|base64|sed|cut|head|tail|xargs|tee|cat|awk|rev)\b[^|;&\n]{{0,200}}){{0,3}}"
)
_TO_LOGIN = (
    rf"\|{_GAP}(?:sudo[ \t]+)?(?:docker|podman|nerdctl|buildah|skopeo|crane|oras|helm|regctl|cosign|flux|az|img|apptainer|singularity|notation|ko|finch|argocd)\b"
    r"[^\n|;&]{0,2000}?--password-stdin"
)
_STDIN = tuple(
    re.compile(pattern)
    for pattern in (
        *(
            rf"{source}{_GAP}{_FILTERED}{_TO_LOGIN}"
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


def find(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the password of each command that gives one away, itself or by a variable set above.

    Raises LimitError where there are too many commands, or one is too long, to look at all of it.
    """
    variables = Variables(text)
    for command in commands.find(text):
        if not _matters(command.tool, [word for _, word in command.words]):
            continue
        yield from _passwords(command, variables)
        if len(command.words) == commands.MAX_WORDS:
            raise LimitError(f"a command of it has more than {commands.MAX_WORDS} words")
    if "--password-stdin" in text:
        yield from _from_standard_input(text, variables)


def is_within(text: str, offset: int) -> bool:
    """Return whether what stands at *offset* follows the name of a tool on its line."""
    return commands.is_within(text, offset)


def _from_standard_input(text: str, variables: Variables) -> Iterator[tuple[int, str]]:
    """Yield the offset and the password of each login that reads a readable one from its standard input."""
    for pattern in _STDIN:
        for match in pattern.finditer(text):
            found = _held(match.start("value"), match["value"], variables)
            if found:
                yield found
    for match in _HERE_DOCUMENT.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()] + match["rest"]
        value = match["value"].strip()
        if "--password-stdin" in line and value != match["end"]:
            found = _held(match.start("value"), value, variables)
            if found:
                yield found


def _matters(tool: str, words: list[str]) -> bool:
    if tool in ("kubectl", "oc", "k"):
        return (
            "docker-registry" in words
            or any("docker-password" in w for w in words)
            or (tool == "oc" and words[:2] == ["registry", "login"])
        )
    if tool in ("curl", "wget"):
        return any(map(_asks_registry, words))
    if tool == "az":
        return "acr" in words or any("registry" in w and "password" in w for w in words)
    if tool in ("helm", "argocd"):
        return "registry" in words[:3] or "--enable-oci" in words or _names_registry(words)
    if tool == "flux":
        return (
            any(w.partition("=")[0] in _CREDS for w in words)
            or bool({"oci", "artifact"} & set(words[:4]))
            or _names_registry(words)
        )
    return True


def _names_registry(words: list[str]) -> bool:
    """Return whether one of *words* is a registry's address: charts over HTTP are no registry's."""
    places = (word.partition("=")[2] if word.startswith("-") else word for word in words)
    return any("://" in place and is_registry(_behind_user(place)) for place in places)


def _behind_user(place: str) -> str:
    scheme, sign, rest = place.partition("://")
    return scheme + sign + rest.rpartition("@")[2]


def _asks_registry(word: str) -> bool:
    """Return whether *word* is the address of a registry, or of what gives tokens for one."""
    if "/" not in word:
        return False
    place = _SHELL_VARIABLE.sub(
        "host", _behind_user(word.partition("=")[2] if word.startswith("-") else word)
    )
    if _FOR_TOKEN.search(place):
        return True
    return is_registry(place) or (
        _ROOT.fullmatch(place) is not None and not is_of_another_trade(place)
    )


def _is_login(words: list[tuple[int, str]]) -> bool:
    """Return whether the first of *words* say that the tool itself logs in, not what it runs."""
    for _, word in words[:6]:
        if word in _RUNNERS:
            return False
        if word == "login":
            return True
    return False


def _passwords(command: commands.Command, variables: Variables) -> Iterator[tuple[int, str]]:
    tool, words = command.tool, command.words
    is_login = _is_login(words)
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
        if flag in _OF_LOGIN and _is_prose(value, has_user=has_user):
            continue
        found = _flag_secret(tool, flag, at, value, variables, is_login=is_login)
        if found:
            yield found


def _is_prose(value: str, *, has_user: bool) -> bool:
    """Return whether *value* goes on with a sentence about a flag, or is the port that docker publishes."""
    if value.rstrip(".:;!?)") in ("and", "or", "flag", "flags", "option"):
        return True
    return not has_user and _WORD_OR_PORT.fullmatch(value) is not None


def _flag_secret(
    tool: str, flag: str, at: int, value: str, variables: Variables, *, is_login: bool
) -> tuple[int, str] | None:
    if flag in _PASSWORD and (flag != "-p" or is_login):
        if (
            flag in ("-p", "--password")
            and not is_login
            and tool in ("docker", "podman", "nerdctl")
        ):
            return None
        return _held(at, value, variables)
    if flag in _CREDS or (flag in _USER_PAIR and tool in ("ctr", "curl", "wget")):
        at, value = variables.value_of(value, at) or (at, value)
        return _held(at, value.partition(":")[2], variables)
    if flag == "--auth" and tool in ("crictl", "curl", "wget"):
        at, value = variables.value_of(value, at) or (at, value)
        secret = password_of(value)
        return (at, secret) if secret else None
    return None


def _held(at: int, value: str, variables: Variables) -> tuple[int, str] | None:
    """Return the offset and the password that *value* is, or that the variable holds which it is."""
    if _CONCATENATED.match(value):
        return None
    at, value = variables.value_of(value, at) or (at, value)
    value = value.strip().strip("\"'")
    if not value or value.startswith("-") or is_placeholder(value):
        return None
    return at, literal_in(value)
