"""Encrypted files by their form: of those that differ in nothing but ciphertext, one is looked at.

A history holds one Secret which differs only in its ciphertext, hundreds of times. What sops renews with a
value is put aside (where it ends a line, so that no position changes), what is left is the form, and
the facts of the form are those of the file once the ends of its own ciphertexts stand in them.
Only of a form in which there is nothing else to see: every other file is looked at for itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gitops_secrets.core.guard.filter.runs import is_worth_decoding, squeeze
from gitops_secrets.core.guard.patterns.ciphertext import end_of, tag_of
from gitops_secrets.core.guard.record.facts import Facts
from gitops_secrets.core.sops.encrypted import is_encrypted_value

_LARGEST = 16 * 1024
"""Of bytes: larger files are seldom of one form, and 2,048 of these are kept."""
_VALUE = re.compile(
    rb"ENC\[AES256_GCM,data:(?P<data>[A-Za-z0-9+/]*={0,2}),iv:[A-Za-z0-9+/]{43}=,tag:[A-Za-z0-9+/]{22}==,"
    rb"(?P<type>type:[a-z]+\])(?=[\"']?,?\r?\n)"
)
_WRAPPED = re.compile(
    rb"-----BEGIN AGE ENCRYPTED FILE-----\n(?P<indent> +)(?P<head>YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0\+I)"
    rb"(?P<body>[A-P][A-Za-z0-9+/]{30}\n(?:(?P=indent)[A-Za-z0-9+/]{64}\n)*(?P=indent)[A-Za-z0-9+/]{1,64}={0,2}\n)"
    rb"(?P=indent)-----END AGE ENCRYPTED FILE-----"
)
_TIME = re.compile(rb"lastmodified: \"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\"\n")
"""Each begins with letters of its own: a pattern of alternatives is tried at every byte, and takes thrice the time."""
_SOME_TIME = b'lastmodified: "2000-01-01T00:00:00Z"\n'
_NUMBERED = re.compile(
    rb"\nmetadata:\n(?P<indent> +name: )(?P<name>[a-z][a-z.-]*[0-9][a-z0-9.-]*)(?=\n)"
)
"""A name with a number in it, as those of many objects of one sort have: no rule asks which number."""
_DIGIT = re.compile(rb"[0-9]")
_IV = b"A" * 43 + b"="


class Form(NamedTuple):
    """A content less its ciphertext."""

    content: bytes
    ends: dict[str, str]
    """The end of each ciphertext and wrapped data key of the content, by what stands for it here."""
    names: dict[str, str]
    """The object's name, by what stands for it here; empty where it stands for itself."""

    def restore(self, facts: Facts) -> Facts:
        """Return the facts of the content from those of its form."""
        return facts._replace(
            objects=tuple(
                o._replace(
                    identity=o.identity._replace(
                        name=self.names.get(o.identity.name or "", o.identity.name)
                    ),
                    ciphertexts=tuple(self.ends.get(end, end) for end in o.ciphertexts),
                    wrapped=tuple(self.ends.get(end, end) for end in o.wrapped),
                )
                for o in facts.objects
            )
        )


def form_of(content: bytes) -> Form | None:
    """Return the form of *content*; None where it is not a file of one document that sops writes in YAML.

    None as well where what stands as ciphertext may be something readable that is only encoded.
    """
    if len(content) > _LARGEST or b"BEGIN AGE" not in content or not content.isascii():
        return None
    if content.count(b"\nsops:\n") != 1 or b"\n---" in content:
        return None
    ends: dict[str, str] = {}
    ciphertext: list[bytes] = []
    wrapped: list[bytes] = []

    def put_value_aside(match: re.Match[bytes]) -> bytes:
        whole, data, kind = match.group(0, "data", "type")
        ciphertext.append(data)
        if not is_encrypted_value(whole.decode()):
            return whole
        standing = b"ENC[AES256_GCM,data:AAAA,iv:%b,tag:%020dAA==,%b" % (_IV, len(ends), kind)
        ends[tag_of(standing.decode())] = tag_of(whole.decode())
        return standing

    def put_wrapped_aside(match: re.Match[bytes]) -> bytes:
        indent, head, body = match.group("indent", "head", "body")
        last = b"%064d" % len(ends)
        wrapped.append((head + body).translate(None, b" \n"))
        ends[end_of(last.decode())] = end_of(wrapped[-1].decode())
        middle = (b"\n" + indent + b"A" * 64) * (body.count(b"\n") - 2)
        return (
            b"-----BEGIN AGE ENCRYPTED FILE-----\n%b%b%b%b\n%b%b\n%b-----END AGE ENCRYPTED FILE-----"
            % (indent, head, b"A" * 31, middle, indent, last, indent)
        )

    names: dict[str, str] = {}

    def put_name_aside(match: re.Match[bytes]) -> bytes:
        indent, name = match.group("indent", "name")
        standing = _DIGIT.sub(b"0", name)
        names[standing.decode()] = name.decode()
        return b"\nmetadata:\n%b%b" % (indent, standing)

    form = _VALUE.sub(put_value_aside, content)
    form = _TIME.sub(_SOME_TIME, _WRAPPED.sub(put_wrapped_aside, form))
    if content.count(b"\nmetadata:\n") == 1:
        form = _NUMBERED.sub(put_name_aside, form)
    if not ends or len(set(wrapped)) < len(wrapped):
        # What stands for a data key says no more whose copy it is.
        return None
    readable = b"\n".join(ciphertext)
    if is_worth_decoding(readable, squeeze(readable)):
        return None
    return Form(form, ends, names)
