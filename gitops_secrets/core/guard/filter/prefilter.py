"""The quick byte filter: which contents could hold a finding, and of what sort.

Nothing is parsed. Blanks, line breaks, backslashes and all that is not printable ASCII are squeezed
out first, so that one word is found in UTF-8, 16 and 32, in wrapped base64, in JSON that is quoted
again, across continued lines and through control characters. What could be spelled without its own letters (an escape in quotes, a YAML binary, a packed
file) counts as everything.
"""

from __future__ import annotations

import re

from gitops_secrets.core.guard.filter.runs import is_worth_decoding, squeeze
from gitops_secrets.core.guard.filter.words import finder
from gitops_secrets.core.guard.read.encoding import has_readings, readings
from gitops_secrets.core.guard.read.formats import is_packed
from gitops_secrets.core.guard.read.keyrings import KEY_BEGINNINGS, holds_secret_key
from gitops_secrets.core.guard.read.pointers import is_pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET = 1
"""A Secret with values may stand in it."""
ENCRYPTED = 2
"""Ciphertext or a sops block may stand in it."""
PAYLOAD = 4
"""A docker config, encoded however often, may stand in it."""
COMMAND = 8
"""A command that passes credentials may stand in it."""
VALUES = 16
"""A user name and password for a registry may stand in it, as chart values or variables do."""
KEY = 32
"""A private key may stand in it."""
PACKED = 64
"""Something compressed, or a spelling that hides its letters, may stand in it."""
EVERYTHING = 127
ELSEWHERE = 128
"""It is a pointer of Git LFS, in which nothing else can stand."""

_ESCAPED_LETTER = re.compile(
    rb"\\(?:(?:x|u00|U000000)(?:2[2bBdDeEfF]|3[0-9aAdD]|40|[46][1-9a-fA-F]|[57][0-9aAbBdDfF])"
    rb"|(?<=[A-Za-z0-9.=+/:@%_~-]\\)\r?\n|\\(?:x|u00)[2-7][0-9a-fA-F])"
)
"""Begins with the backslash in each case: what has no first letter is tried at every byte."""
_BOM = b"\xef\xbb\xbf"
_BINARY_TAG = re.compile(rb"![^\s!]{0,100}(?:[bB]in|%)")


_PULL_VALUE = re.compile(rb"dockerc(?:fg|onfigjson)[\"']?:[\"'|>]*[A-Za-z0-9+/_-]{8}")
"""A pull Secret's value that is not ciphertext: decoded in any case."""
_WORDS = (b"pass", b"token", b"pwd")
_FIELDS = (b"auth:", b'auth"', b"auth'", b"auth=", b"auths:", b'auths"', b"auths'", b"auths=",
           b'password":', b"password':", b'"password:', b"'password:", b'token":', b"token':", b"auth%22", b"auths%22")  # fmt: skip
_COMMANDS = (b"-password", b"--pass", b"creds", b"registry-pass", b"registry-token", b"identity-token",
             b"auth-basic", b"ctr", b"crictl", b"-Password")  # fmt: skip
_FETCHED = (b"/v2", b"/token?")
"""What stands in the address of a registry that a command asks, if its name does not say that it is one."""
_STEMS = (b"_pat", b"pass", b"auth", b"token", b"pwd", b"login", b"creds", b"curl", b"wget",
          b"ctr", b"crictl")  # fmt: skip
"""In lower case, one of them stands in each of _WORDS, _FIELDS and _COMMANDS; _pat is how a token's name ends."""
_has_fields, _has_commands, _has_stems = finder(*_FIELDS), finder(*_COMMANDS), finder(*_STEMS)
_SECRET_KEY = re.compile(rb"secret_?key[\"']*[:=]")
_ASSIGNED = re.compile(
    rb"(?:word|wd|phrase)?[0-9]{0,3}(?:[_.-][a-z0-9_.-]{1,40})?[\"']*(?:[:=]|\.set\()"
)
_OF_REGISTRY = re.compile(
    rb"(?:registr|docker|cr\.io|pkg\.dev|amazonaws|ghcr|harbor|quay|pull|oci|image|repo)[\w.-]{0,80}\Z"
)
_TOKEN_END = re.compile(rb"_(?:PAT|pat)(?:[_.-][A-Za-z0-9]{1,12}){0,3}(?![\w.-])")
_TOKEN_OF_REGISTRY = re.compile(
    rb"(?i)(?:registr|docker|cr|harbor|quay|oci|image|container|pull)[^\s:=]{0,400}\Z"
)
_LONGEST_TOKEN_NAME = 410
_has_anything = finder(*_STEMS, b"secret", b"sops", b"enc[", b"-key-", b"vatekey", b"-plugin-")
"""In lower case: what holds none of it can hold nothing but what is encoded."""
_BASIC = re.compile(rb"authorization[^a-z]{0,40}basic[a-z0-9+/_-]{8}")
_LONGEST_NAME = 88
_FEW = 200
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_UNSEEN = bytes(c for c in range(256) if not 0x20 <= c <= 0x7E and c not in b"\t\n\r\x85\xa8\xa9")
_SECRET_WORD = re.compile(
    rb"Secret(?:(?<![A-Za-z0-9]Secret)|(?<=SopsSecret))(?:List)?(?![A-Za-z0-9])"
)
_NO_SECRETS = (b"imagePullSecrets:", b"kind: ExternalSecret\n", b"kind: SealedSecret\n")
_has_registry = finder(b"regist", b"docker", b"image", b"ghcr", b"quay", b"harbor", b"oci:", b"oci_", b"ocir", b"credential",
                       b"gcr", b"pullsecret", b"pull-secret", b"pull_secret", b"acr", b"ecr", b"icr.io",
                       b"pkg.dev", b"nexus", b"artifactory", b"config", b"container", b"regcred", b"regopts", b"jib", b"kaniko",
                       b"podman", b"buildah", b"skopeo")  # fmt: skip
_ADDRESS = re.compile(rb"://[^/@:]*+:[^/@]*+@")
"""A user name and something else ahead of a host. No slash is passed over, so that no byte is seen twice."""
_SEALED_NAMES = (
    (".sops", r"\.sops(?:\.(?!ya?ml\0)[a-z0-9]{1,12})?\0"),
    (".enc", r"\.enc(?:rypted)?(?:\.(?!ya?ml\0)[a-z0-9]{1,12})?\0"),
    ("secret", r"secrets?(?:/[^\0]*)?\.json\0"),
)
"""In lower case, a word and a pattern that begins with it. Compiled where the word stands in a path: most
commits have none, and would wait for it.
"""
_HOST_KEY = re.compile(rb"[a-z0-9-]\.[a-z0-9.-]{1,250}:[0-9]{2,5}|[a-z0-9-]\.[a-z]{2,}[\"']?:")
"""A host with a port, or as a key."""


def may_hold(content: bytes) -> int:
    """Return the sorts of findings that *content* could hold, as a sum of the bits above; 0 for none."""
    return EVERYTHING if is_packed(content) else may_hold_as_text(content)


def may_any_hold(texts: Sequence[bytes]) -> bool:
    """Return whether one of *texts* could hold anything: never false if ``may_hold`` of one is not 0.

    Many short texts of plain letters are looked at as one, in a fifth of the time. What depends on where
    a text begins and ends, or what hides a part of it, is none of these.
    """
    joined = b"\n\n".join(texts)
    alone = (b"BEGIN AGE", b"private-key", b"version https://")
    if joined.translate(None, _PLAIN) or any(word in joined for word in alone):
        return any(map(may_hold, texts))
    return may_hold_as_text(joined) != 0


def may_hold_as_text(content: bytes) -> int:
    """Return the same of what *content* says as it stands, whatever is packed in it."""
    if content[:1] in KEY_BEGINNINGS and holds_secret_key(content):
        return KEY
    if content[:1] == b"v" and is_pointer(content):
        return ELSEWHERE
    if has_readings(content):
        bits = 0
        for text in readings(content):
            bits |= _bits_of(text.encode("utf-8", "surrogatepass"))
        return bits
    return _bits_of(content)


def _bits_of(content: bytes) -> int:
    """Return what *content*, a text of 8 bits, may hold."""
    if b"\\" in content and _BOM in content:
        # It may stand within an escape, and the reader takes it out.
        content = content.replace(_BOM, b"")
    packed = squeeze(content)
    if len(packed) < 12:
        return 0
    if b"\\" in content and _ESCAPED_LETTER.search(content):
        return EVERYTHING
    if b"!" in content and _BINARY_TAG.search(content, 2 if content[:2] == b"#!" else 0):
        return EVERYTHING
    lower = packed.lower()
    bits = _named(content, packed, lower) if _has_anything(lower) else 0
    if b"@" in lower and _ADDRESS.search(lower):
        bits |= VALUES
    if is_worth_decoding(content, packed) or (
        b"dockerc" in packed and _PULL_VALUE.search(packed) is not None
    ):
        bits |= PACKED
    return bits


def _named(content: bytes, packed: bytes, lower: bytes) -> int:
    """Return the bits of what *content* says in words, not encoded."""
    bits = 0
    if b"Secret" in packed and b"ata" in packed and _names_secrets(content):
        bits |= SECRET
    if b"ENC[" in packed or b"sops:" in packed or b'sops"' in packed or b"sops'" in packed:
        bits |= ENCRYPTED
    if b"-key-" in lower or b"vatekey" in lower or b"-plugin-" in lower:
        bits |= KEY
    if _has_stems(lower):
        if _has_fields(lower):
            bits |= PAYLOAD
        if _has_command(packed, lower):
            bits |= COMMAND
        if _has_registry_password(lower) or (b"_pat" in lower and _names_token(content)):
            bits |= VALUES
    return bits


def _has_command(packed: bytes, lower: bytes) -> bool:
    """Return whether a flag that passes a password may stand in *packed*: -p is one of a login only."""
    if _has_commands(packed) or (b"login" in packed and b"-p" in packed):
        return True
    if b"curl" not in packed and b"wget" not in packed:
        return False
    return any(word in packed for word in _FETCHED) or _has_registry(lower) or b"amazonaws" in lower


def _names_token(content: bytes) -> bool:
    """Return whether the name of a registry's personal access token stands in *content*, and not a path's."""
    for count, match in enumerate(_TOKEN_END.finditer(content)):
        at = match.start()
        if count >= _FEW or _TOKEN_OF_REGISTRY.search(
            content, max(0, at - _LONGEST_TOKEN_NAME), at
        ):
            return True
    return False


def _has_registry_password(lower: bytes) -> bool:
    if b"machine" in lower and b"login" in lower and b"password" in lower:
        return True  # as .netrc has it, without a sign between name and value
    if b"authorization" in lower and _BASIC.search(lower):
        return True
    return (
        any(word in lower for word in _WORDS)
        and (_has_registry(lower) or _HOST_KEY.search(lower) is not None)
        and _assigns(lower)
    )


def _assigns(lower: bytes) -> bool:
    """Return whether a password or token is assigned, or one of a registry is named, in *lower* case."""
    met = 0
    for word in _WORDS:
        at = lower.find(word)
        while at >= 0:
            met += 1
            if (
                met > _FEW
                or _ASSIGNED.match(lower, at + len(word))
                or _OF_REGISTRY.search(lower, max(0, at - _LONGEST_NAME), at)
            ):
                return True
            at = lower.find(word, at + 1)
    if b"</password>" in lower:
        return True
    return b"secret" in lower and _SECRET_KEY.search(lower) is not None


def _names_secrets(content: bytes) -> bool:
    """Return whether "Secret" stands in *content* as a word, not within that of other objects.

    Most workloads of a cluster that pulls with credentials have imagePullSecrets, and are no Secrets.
    What escapes or encodes its text may have a letter of that before the word.
    """
    if b"\\" in content or b"%" in content:
        for word in _NO_SECRETS:
            content = content.replace(word, b"_")
        return b"Secret" in squeeze(content)
    return _SECRET_WORD.search(content.translate(None, _UNSEEN)) is not None


def may_be_sealed(paths: str) -> bool:
    """Return whether one of *paths*, between which there are NULs, may be a file of its own kind that a creation rule wants encrypted, whatever it holds."""
    if paths.endswith((".yaml", ".yml")) and "\0" not in paths:
        return False
    lower = f"{paths.lower()}\0"
    return (
        ".env\0" in lower
        or ".ini\0" in lower
        or any(word in lower and re.search(name, lower) for word, name in _SEALED_NAMES)
    )


def may_name_a_key(paths: str) -> bool:
    """Return whether one of *paths* may hold a private key, which then is everybody's by its name alone."""
    return "SECRET-KEY-" in paths or "secret-key-" in paths
