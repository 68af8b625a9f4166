"""The quick byte filter: which contents could hold a finding, and of what sort.

Nothing is parsed. Blanks, line breaks, backslashes and all that is not printable ASCII are squeezed
out first, so that one word is found in UTF-8, 16 and 32, in wrapped base64, in JSON that is quoted
again, across continued lines and through control characters. What could be spelled without its own letters (an escape in quotes, a YAML binary, a packed
file) counts as everything.
"""

from __future__ import annotations

import base64
import binascii
import re
from itertools import product

from gitops_secrets.core.guard.filter.words import finder
from gitops_secrets.core.guard.read.encoding import decode, is_packed, textual
from gitops_secrets.core.guard.read.keyrings import (
    BASE64_BEGINNINGS,
    KEY_BEGINNINGS,
    holds_secret_key,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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

_SQUEEZE = bytes(c for c in range(256) if not 0x21 <= c <= 0x7E) + b"\\"
_PACKED_BASE64 = (b"H4sI", b"UEsDB", b"QlpoO", b"/Td6W", b"SDRzS", b"VUVzRE", b"_Td6W")
_ESCAPED_LETTER = re.compile(
    rb"\\(?:(?:x|u00|U000000)(?:2[2bBdDeEfF]|3[0-9aAdD]|40|[46][1-9a-fA-F]|[57][0-9aAbBdDfF])"
    rb"|(?<=[A-Za-z0-9.=+/:@%_~-]\\)\r?\n|\\(?:x|u00)[2-7][0-9a-fA-F])"
)
"""Begins with the backslash in each case: what has no first letter is tried at every byte."""
_BINARY_TAG = re.compile(rb"![^\s!]{0,100}(?:[bB]in|%)")


def fragments(word: bytes) -> tuple[bytes, ...]:
    """Return what base64 makes of *word* at each of its three alignments, less the unstable ends."""
    found = []
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + word + b"\0\0")
        begin = -(-shift * 8 // 6)
        end = (shift + len(word)) * 8 // 6
        found.append(encoded[begin:end])
    return tuple(found)


_ONCE = {
    word: fragments(word)
    for word in (
        *(bytes(spelled) for spelled in product(*zip(b"auth", b"AUTH", strict=True))),
        b"assword",
        b"ASSWORD",
        b"login",
        b"SECRET-KEY-1",
        b"IVATE KEY",
        b"creds",
        b"PLUGIN-",
        b"ustar",
    )
}
ENCODED = tuple(f for parts in _ONCE.values() for f in parts)
"""Any of these in a base64 run makes it worth decoding."""
_HEXADECIMAL = (
    b"auth".hex().encode(),
    b"ustar".hex().encode(),
    b"configjson".hex().encode(),
    b"configjson".hex().upper().encode(),
)
"""What stands in the hexadecimal form of a docker config, and of a Secret that holds one."""
_has_encoded = finder(*_PACKED_BASE64, *ENCODED, *_HEXADECIMAL)

_PACKED_BYTES = (
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"7z\xbc\xaf",
    b"Rar!",
    b"LZIP",
    b"\x1f\x9d\x90",
    b"]\0\0",
)


def _zlib_beginnings() -> Iterator[bytes]:
    """Yield what base64 makes of how zlib begins, with any level and window: three letters."""
    for first in range(0x08, 0x80, 0x10):
        for second in range(-(first << 8) % 31, 256, 31):
            if not second & 0x20:
                for third in range(0, 256, 64):
                    yield binascii.b2a_base64(bytes((first, second, third)))[:3]


_BEGINNINGS = frozenset(
    (*BASE64_BEGINNINGS, *_zlib_beginnings(), *(base64.b64encode(b)[:3] for b in _PACKED_BYTES))
)
_PACKED_HEX = re.compile(rb"(?i)1f8b08|504b0304|425a683|fd377a585a|78(?:9c|01|5e|da)|28b52ffd")
_HEX_FIRST = frozenset(b"15472Ff"[i : i + 1] for i in range(7))
_LEAST = 24
"""Within a run of base64 the letters of its beginning say nothing; behind an equals sign another begins."""

_PULL_VALUE = re.compile(rb"dockerc(?:fg|onfigjson)[\"']?:[\"'|>]*[A-Za-z0-9+/_-]{8}")
"""A pull Secret's value that is not ciphertext: decoded in any case."""
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_="
_IS_BASE64 = bytes(97 if c in _ALPHABET else 32 for c in range(256))
_RUN = b"a" * 32
_INNER_RUN = b"a" * 24
_BASE64_TEXT = re.compile(
    rb"(?:[K-Za-e][C-HS-Xi-ny-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][\w+/-]){8}"
)
"""Base64 of 24 characters that may be base64 themselves, wherever in its run the outer one begins."""
_IS_FIRST = bytes(97 if c in b"KLMNOPQRSTUVWXYZabcde" else 32 for c in range(256))
_FIRSTS = b"a" * 8
"""Each fourth character of the above, marked."""
_WIDE = re.compile(
    rb"A[C-H][AEIMQUYcgkosw048]A[I-Za-f][AQgw][AB][\w+/-]"
    rb"(?:A[C-H][AEIMQUYcgkosw048]A[I-Za-f][AQgw][AB][\w+/-]){2}"
    rb"|AAAA[I-Za-f][AQgw]AAA[C-H][AEIMQUYcgkosw048]AAA[AB]"
)
"""Base64 of ASCII in 16 or 32 bits, of either order. Begins with A in each case, so that few places are tried."""
_LONG_RUN = re.compile(rb"[\w+/-]{32,}")
_AGE_FILE = re.compile(
    rb"-----BEGIN AGE ENCRYPTED FILE-----(?:\s|\\n)+YWdlLWVuY3J5cHRpb24ub3JnL3Yx[A-Za-z0-9+/=\s\\]{0,100000}"
)
_COMMENTED_LINE = re.compile(rb"\n[ \t]*[#>*/-]")
_LONGEST_END = 200
_LINE_START = re.compile(rb"\n[ \t#>*/-]+")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_WORDS = (b"pass", b"token", b"pwd")
_FIELDS = (b"auth:", b'auth"', b"auth'", b"auth=", b"auths:", b'auths"', b"auths'", b"auths=",
           b'password":', b"password':", b'token":', b"token':", b"auth%22", b"auths%22")  # fmt: skip
_COMMANDS = (b"-password", b"creds", b"registry-pass", b"registry-token", b"identity-token",
             b"ctr", b"crictl")  # fmt: skip
_FETCHED = (b"/v2", b"/token?")
"""What stands in the address of a registry that a command asks: others are no business of ours."""
_STEMS = (b"_pat", b"pass", b"auth", b"token", b"pwd", b"login", b"creds", b"curl", b"wget",
          b"ctr", b"crictl")  # fmt: skip
"""In lower case, one of them stands in each of _WORDS, _FIELDS and _COMMANDS; _pat is how a token's name ends."""
_has_fields, _has_commands, _has_stems = finder(*_FIELDS), finder(*_COMMANDS), finder(*_STEMS)
_SECRET_KEY = re.compile(rb"secret_?key[\"']*[:=]")
_ASSIGNED = re.compile(rb"(?:word|wd|phrase)?[\"']*[:=]")
_OF_REGISTRY = re.compile(
    rb"(?:registr|docker|cr\.io|pkg\.dev|amazonaws|ghcr|harbor|quay|pull|oci|image|repo)[\w.-]{0,80}\Z"
)
_TOKEN_END = re.compile(rb"_(?:PAT|pat)(?![\w.-])")
_TOKEN_OF_REGISTRY = re.compile(rb"(?:REGISTRY|DOCKER|CR|cr|HARBOR|QUAY|OCI)[^\s:=]{0,400}\Z")
_LONGEST_TOKEN_NAME = 410
_has_anything = finder(*_STEMS, b"secret", b"sops", b"enc[", b"-key-", b"vatekey", b"-plugin-")
"""In lower case: what holds none of it can hold nothing but what is encoded."""
_LONGEST_NAME = 88
_FEW = 200
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_UNSEEN = bytes(c for c in range(256) if not 0x20 <= c <= 0x7E and c not in b"\t\n\r\x85\xa8\xa9")
_SECRET_WORD = re.compile(rb"Secret(?<![A-Za-z0-9]Secret)(?:List)?(?![A-Za-z0-9])")
_NO_SECRETS = (b"imagePullSecrets:", b"kind: ExternalSecret\n", b"kind: SealedSecret\n")
_has_registry = finder(b"regist", b"docker", b"image", b"ghcr", b"quay", b"harbor", b"oci:", b"credential",
                       b"gcr", b"pullsecret", b"pull-secret", b"pull_secret", b"acr", b"ecr", b"icr.io",
                       b"pkg.dev", b"nexus", b"artifactory", b"config", b"container", b"regcred")  # fmt: skip
_ADDRESS = re.compile(rb"://[^/@:]*+:[^/@]*+@")
"""A user name and something else ahead of a host. No slash is passed over, so that no byte is seen twice."""
_HOST_KEY = re.compile(rb"[a-z0-9-]\.[a-z0-9.-]{1,250}:[0-9]{2,5}|[a-z0-9-]\.[a-z]{2,}[\"']?:")
"""A host with a port, or as a key."""


def squeeze(content: bytes) -> bytes:
    """Return *content* without what may stand between the letters of a word."""
    return content.translate(None, _SQUEEZE)


def may_hold(content: bytes) -> int:
    """Return the sorts of findings that *content* could hold, as a sum of the bits above; 0 for none."""
    return EVERYTHING if is_packed(content) else may_hold_as_text(content)


def may_any_hold(texts: Sequence[bytes]) -> bool:
    """Return whether one of *texts* could hold anything: never false if ``may_hold`` of one is not 0.

    Many short texts of plain letters are looked at as one, in a fifth of the time. What depends on where
    a text begins and ends, or what hides a part of it, is none of these.
    """
    joined = b"\n\n".join(texts)
    if joined.translate(None, _PLAIN) or b"BEGIN AGE" in joined or b"private-key" in joined:
        return any(map(may_hold, texts))
    return may_hold_as_text(joined) != 0


def may_hold_as_text(content: bytes) -> int:
    """Return the same of what *content* says as it stands, whatever is packed in it."""
    if content[:1] in KEY_BEGINNINGS and holds_secret_key(content):
        return KEY
    if b"\0" in content:
        # Where it is text of 16 or 32 bits, what stands in it of 8 is other letters.
        content = decode(textual(content)).encode("utf-8", "surrogatepass")
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
        if _has_command(packed):
            bits |= COMMAND
        if _has_registry_password(lower) or (b"_pat" in lower and _names_token(content)):
            bits |= VALUES
    return bits


def _has_command(packed: bytes) -> bool:
    """Return whether a flag that passes a password may stand in *packed*: -p is one of a login only."""
    return (
        _has_commands(packed)
        or (b"login" in packed and b"-p" in packed)
        or (any(word in packed for word in _FETCHED) and (b"curl" in packed or b"wget" in packed))
    )


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


def is_worth_decoding(content: bytes, packed: bytes) -> bool:
    """Return whether *content*, squeezed to *packed*, holds base64 of what could hold a finding."""
    # One letter is looked for in a tenth of the time that two take.
    if b"\\" in content and (b"\\n" in content or b"\\r" in content):
        # Go's reader of base64 passes over line breaks, however many a string in quotes has.
        content = content.replace(b"\\n", b"\n").replace(b"\\r", b"\n")
        packed = squeeze(content)
    if _RUN not in packed.translate(_IS_BASE64):
        return False
    if _has_encoded(packed) or _begins_packed(content) or _WIDE.search(content):
        return True
    if _is_encoded_again(content):
        return True
    return _goes_on_commented(content) and _has_encoded(squeeze(_LINE_START.sub(b"", content)))


def _begins_packed(content: bytes) -> bool:
    """Return whether a run of base64 or hexadecimal in *content* begins as something packed does."""
    marks = content.translate(_IS_BASE64)
    at = marks.find(_RUN)
    while at >= 0:
        end = marks.find(b" ", at + len(_RUN))
        end = end if end >= 0 else len(content)
        begin = at + (content[at - 1 : at] == b"\\")
        if _is_packed_at(content, begin):
            return True
        at = content.find(b"=", begin, end - _LEAST)
        while at >= 0:
            if _is_packed_at(content, at + 1):
                return True
            at = content.find(b"=", at + 1, end - _LEAST)
        at = marks.find(_RUN, end)
    return False


def _is_packed_at(content: bytes, at: int) -> bool:
    return content[at : at + 3] in _BEGINNINGS or (
        content[at : at + 1] in _HEX_FIRST and _PACKED_HEX.match(content, at) is not None
    )


def _goes_on_commented(content: bytes) -> bool:
    """Return whether base64 goes on in the next line, behind what comments it out."""
    for match in _COMMENTED_LINE.finditer(content):
        at = match.start()
        before = content[max(0, at - _LONGEST_END) : at]
        end = before.rstrip(b" \t\\\r")[-12:]
        if end.translate(_IS_BASE64) == _RUN[:12] or (
            len(end) < 12 and len(before) == _LONGEST_END
        ):
            return True
    return False


def _is_encoded_again(content: bytes) -> bool:
    """Return whether some base64 in *content* holds base64, as a wrapped age key does by its nature."""
    if b"BEGIN AGE ENCRYPTED FILE" in content:
        content = _AGE_FILE.sub(b"", content)
    marks = content.translate(_IS_FIRST)
    if not any(_FIRSTS in marks[shift::4] for shift in range(4)):
        return False
    marks = content.translate(_IS_BASE64)
    at = marks.find(_RUN)
    while at >= 0:
        end = marks.find(b" ", at)
        around = content[at : end if end >= 0 else len(content)]
        if _BASE64_TEXT.search(around) and _decodes_to_base64(around):
            return True
        at = marks.find(_RUN, end) if end >= 0 else -1
    return False


def _decodes_to_base64(content: bytes) -> bool:
    for match in _LONG_RUN.finditer(content):
        run = match.group().translate(_STANDARD)
        for shift in range(4):
            outer = run[shift:]
            inner = binascii.a2b_base64(outer[: len(outer) & ~3])
            if _INNER_RUN in inner.translate(_IS_BASE64):
                return True
    return False


def may_name_a_key(paths: str) -> bool:
    """Return whether one of *paths* may hold a private key, which then is everybody's by its name alone."""
    return "SECRET-KEY-" in paths or "secret-key-" in paths
