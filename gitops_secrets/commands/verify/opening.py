"""Encrypted files opened with the identities at hand, in memory: does each value open, and does the MAC fit?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.sops.asking import ask_sops
from gitops_secrets.commands.secrets.datakeys import DataKeys
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.keys.recipients import is_post_quantum, shorten
from gitops_secrets.core.sops.reader.cipher import DataKey
from gitops_secrets.core.sops.reader.controller import Handled, Handling, handle
from gitops_secrets.core.sops.reader.read import Opened as Held
from gitops_secrets.core.sops.reader.read import Reading, Verdict, load, open_loaded
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.reader.tree import RefusedError, UnsupportedError
from gitops_secrets.core.sops.structure import MasterKey, Metadata
from gitops_secrets.core.verify.checks import by_path, dotted, found
from gitops_secrets.core.yamltext.nodes import Position
from gitops_secrets.errors import GitOpsSecretsError

_ANYWAY = {
    Handling.OPENS: "; kustomize-controller decrypts it all the same",
    Handling.LEAVES: "; kustomize-controller applies the ciphertext",
}


class Opened(NamedTuple):
    """What opening one file showed."""

    reading: Reading
    findings: tuple[Finding, ...] = ()
    handled: Handled = Handled(Handling.NO_KEY)
    """What kustomize-controller does with the file, if it has the same identities."""
    unread: str = ""
    """Why it could not be told whether the MAC fits, though an identity is at hand."""


class ReadBy(NamedTuple):
    """Which program opens one file that an identity at hand is for."""

    path: str
    sops: Verdict
    controller: Handled

    @property
    def note(self) -> str:
        """What is worth knowing of a file that sops opens, and kustomize-controller does not; else nothing."""
        if self.sops is not Verdict.INTACT:
            return ""
        if self.controller.handling is Handling.REFUSES:
            return f"sops opens {self.path}, and kustomize-controller fails on it: {self.controller.why}"
        if self.controller.handling is Handling.LEAVES:
            return f"sops opens {self.path}, and kustomize-controller applies the ciphertext: {self.controller.why}"
        return ""


class Opener:
    """Opens files with a keyring. One data key is unwrapped once, however many files share it."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._keys = DataKeys(keyring)
        self._is_wrong: dict[MasterKey, bool] = {}

    def open(self, file: EncryptedFile) -> Opened:
        """Return the verdict on *file*."""
        metadata = file.metadata
        if metadata is None or file.documents[0].metadata is None:
            return Opened(Reading(Verdict.NO_KEY))
        wrong = tuple(self._wrong_entries(file, metadata))
        held = self._held(file, metadata)
        reading = held.reading
        handled = handle(file, self._key, held if reading.verdict is Verdict.INTACT else None)
        if reading.verdict is Verdict.UNSUPPORTED:
            identities = [i.secret for i in self._keyring.of_groups(metadata.opening)]
            if len(identities) < metadata.needed:
                return Opened(Reading(Verdict.NO_KEY), wrong)
            why = reading.why
            try:
                reading = ask_sops(file.content, file.path, file.form, metadata.keys, identities)
            except GitOpsSecretsError as error:
                reading = Reading(Verdict.UNSUPPORTED, f"{why}, and {error.message}")
            if reading.verdict is Verdict.UNSUPPORTED:
                unread = f"{file.path}: its MAC was not checked: {reading.why or why}"
                return Opened(reading, wrong, handled, unread)
        return Opened(reading, (*wrong, *_findings(file, reading, handled)), handled)

    def _held(self, file: EncryptedFile, metadata: Metadata) -> Held:
        try:
            key = self._key(metadata)
            if key is None:
                return Held(Reading(Verdict.NO_KEY), ())
            return open_loaded(load(file.content, file.form, file.composed, metadata), key)
        except UnsupportedError as error:
            return Held(Reading(Verdict.UNSUPPORTED, str(error)), ())
        except RefusedError as error:
            return Held(Reading(Verdict.REFUSED, str(error)), ())

    def _key(self, metadata: Metadata) -> DataKey | None:
        key = self._keys.find(metadata)
        if key is None and any(self._keyring.find(r) for r in metadata.recipients):
            # pyrage reads no post-quantum identity, and no group of keys is put together here.
            raise UnsupportedError("its data key is not unwrapped here")
        return key

    def _wrong_entries(self, file: EncryptedFile, metadata: Metadata) -> Iterator[Finding]:
        """Yield the entries that do not open with the identity of the recipient that they name."""
        for key in metadata.keys:
            if key not in self._is_wrong:
                self._is_wrong[key] = key.kind == "age" and self._is_closed(key)
            if self._is_wrong[key]:
                yield found(
                    "data-key",
                    file.path,
                    file.place_of_block("age"),
                    f"the data key in it for {shorten(key.identification)} does not open with that "
                    "recipient's identity",
                )

    def _is_closed(self, key: MasterKey) -> bool:
        held = self._keyring.find(key.identification)
        if held is None or is_post_quantum(key.identification):
            return False
        return self._keys.opened(key, held.identity) is None


def open_all(
    identity_file: Path | None,
    judged: Sequence[EncryptedFile],
    findings: Iterable[Finding],
    of_mac: frozenset[Finding],
    step: Callable[[str], None],
) -> tuple[tuple[ReadBy, ...], Counter[Verdict], list[Finding], list[str]]:
    """Open each of *judged*; return what opens which, how many got which verdict, all findings, and what is unchecked.

    *findings* are those of the checks without a key. *of_mac* of them go if the MAC fits. *step* is told what is under way.
    """
    opener = Opener(Keyring(identity_file))
    of_paths = by_path(findings)
    verdicts: Counter[Verdict] = Counter()
    unread, readers = [], []
    for number, file in enumerate(judged, 1):
        step(f"opening file {number} of {len(judged)}")
        opened = opener.open(file)
        verdicts[opened.reading.verdict] += 1
        if opened.reading.verdict is not Verdict.NO_KEY:
            readers.append(ReadBy(file.path, opened.reading.verdict, opened.handled))
        if opened.unread:
            unread.append(opened.unread)
        of_paths[file.path] = _joined(of_paths.get(file.path, []), of_mac, opened)
    joined = [finding for of_path in of_paths.values() for finding in of_path]
    return tuple(readers), verdicts, joined, unread


def _joined(findings: list[Finding], of_mac: frozenset[Finding], opened: Opened) -> list[Finding]:
    """Return *findings* of one file with what opening it showed, each thing once, less those *of_mac* if it fits."""
    if opened.reading.verdict is Verdict.INTACT:
        findings = [f for f in findings if f not in of_mac]
    is_known = any(f in of_mac for f in findings)
    readable = {f.position for f in findings if f.rule == "readable-value"}
    return findings + [
        f
        for f in opened.findings
        if not (f.rule in ("mac", "value") and (is_known or f.position in readable))
    ]


def _findings(file: EncryptedFile, reading: Reading, handled: Handled) -> Iterator[Finding]:
    anyway = _ANYWAY.get(handled.handling, "")
    if reading.verdict is Verdict.MAC:
        yield found(
            "mac",
            file.path,
            file.place_of_block("mac"),
            f"its MAC does not fit: what it holds was changed by other hands than sops'{anyway}",
        )
    elif reading.verdict is Verdict.CLOSED:
        yield found(
            "value",
            file.path,
            _place(file, reading),
            f"{dotted(reading.key) or 'a value'} does not open: it was changed, or stands under another key{anyway}",
            key=reading.key,
        )
    elif reading.verdict is Verdict.REFUSED:
        why = f"sops fails on it: {reading.why}{anyway}"
        yield found("refused", file.path, file.place_of_block(), why)


def _place(file: EncryptedFile, reading: Reading) -> Position:
    values = (v for document in file.documents for v in document.values)
    return next((v.position for v in values if v.path == reading.key), Position(1, 1))
