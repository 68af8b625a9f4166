"""The one way in and out of encrypted files: opened, changed, encrypted, read back, planned.

Nothing is written here: what comes out goes into the overlay, and a transaction writes that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Self

from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.sops import program as sops
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.keys.readers import Readers
from gitops_secrets.core.sops.lineends import with_ends_of
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.refusals import refuse_loss
from gitops_secrets.core.sops.rules.startconfig import Ruling
from gitops_secrets.core.sops.structure import MAX_ENCRYPTED_BYTES, MasterKey
from gitops_secrets.core.sops.valuechanges import ValueChange
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.errors import GitOpsSecretsError


class Opened(Veiled):
    """An encrypted file and what it holds."""

    __slots__ = ("identities", "plain", "sealed")

    def __init__(self, sealed: Manifest, plain: Manifest, identities: tuple[bytes, ...]) -> None:
        self.sealed = sealed
        self.plain = plain
        self.identities = identities
        """By which it was opened, as sops takes them; empty if a key manager opened it."""


class Sealer:
    """Opens and seals the files of *tree* with the identities of *keyring*.

    It is a context manager: leaving it ends a sops that ``begin`` started for nothing. Without *secrets_only*
    it takes files of other objects too, and the caller checks what of them is encrypted.
    """

    def __init__(self, tree: Overlay, keyring: Keyring, *, secrets_only: bool = True) -> None:
        self._tree = tree
        self._keyring = keyring
        self._secrets_only = secrets_only
        self._stack = ExitStack()
        self._begun: dict[tuple[str, Ruling], sops.Encrypt] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def begin(self, path: str, ruling: Ruling) -> None:
        """Start sops for what will be sealed anew at *path*: it starts while there is something else to do."""
        self._begun[path, ruling] = self._stack.enter_context(self._encrypting(path, ruling))

    def open(self, path: str) -> Opened:
        """Return the encrypted file *path* and what it holds, its MAC checked.

        Raises GitOpsSecretsError if it is not encrypted or no identity at hand opens it, and
        TamperedError if its MAC does not fit.
        """
        return self.open_manifest(Manifest(self._tree.read(path) or b"", path))

    def open_manifest(self, sealed: Manifest, *, ignore_mac: bool = False) -> Opened:
        """Return what ``open`` does, of a file that is not in the tree or is not the tree's in full."""
        identities = self.identities(sealed)
        plain = sops.decrypt(sealed.content, sealed.path, identities, ignore_mac=ignore_mac)
        return Opened(sealed, Manifest(plain, sealed.path), identities)

    def identities(self, sealed: Manifest) -> tuple[bytes, ...]:
        """Return the identities that open *sealed*, as sops takes identities: one, or one of each key group.

        Fewer than it needs if a key manager that the user's settings allow opens it. Raises
        GitOpsSecretsError if there is neither.
        """
        path = sealed.path
        if sealed.metadata is None:
            raise GitOpsSecretsError(f"{path} is not encrypted", f"gitops-secrets encrypt {path}")
        found = tuple(i.secret for i in self._keyring.of_groups(sealed.metadata.opening))
        needed = sealed.metadata.needed
        if len(found) >= needed:
            return found[:needed]
        seen = sops.reduced(sealed.content, path)
        if seen.kept:
            return found
        if seen.dropped:
            raise sops.no_reader(path, seen.dropped)
        if needed > 1:
            raise GitOpsSecretsError(
                f"{path} needs identities of {needed} of its {len(sealed.metadata.opening)} key groups, and "
                f"{len(found)} is at hand",
                "give the others in the file of SOPS_AGE_KEY_FILE",
            )
        raise GitOpsSecretsError(
            f"no identity at hand opens {path}",
            "pass --age-identity-file with an identity of one of its recipients: "
            + ", ".join(sealed.recipients),
        )

    def seal(self, plain: Manifest, ruling: Ruling) -> Manifest:
        """Encrypt all of the readable *plain* anew, read it back, and plan it for its path.

        Without an identity at hand only its structure is read back. Raises GitOpsSecretsError if
        anything of it would stay readable, or does not read back as it was.
        """
        encrypt = self._begun.pop((plain.path, ruling), None)
        if encrypt is not None:
            content, read = encrypt(plain.content)
        else:
            with self._encrypting(plain.path, ruling) as once:
                content, read = once(plain.content)
        sealed = Manifest(content, plain.path)
        self._check_structure(sealed, ruling)
        return self._checked(sealed, plain, read)

    def reseal(
        self, opened: Opened, wanted: Manifest, ruling: Ruling, *, renew: bool = False
    ) -> Manifest:
        """Plan the file that was *opened* with what *wanted* holds, in the fewest lines, and return it.

        A Secret with another name, namespace or type is encrypted anew in full: ciphertext that moves
        from one Secret to another is a finding. So is what sops cannot be told value by value, and with
        *renew* a file that is encrypted for others than *ruling* names. Raises GitOpsSecretsError if
        that would take away readers besides age's.
        """
        old, plain = opened.sealed, opened.plain
        fits = old.is_encrypted_for(ruling.recipients, mac_only=ruling.mac_only)
        if renew and old.metadata is not None:
            fits = fits and old.metadata.is_opened_by(ruling.opening, ruling.needed)
        changes = plain.changes_to(wanted)
        if changes == () and (fits or not renew):
            return old
        if changes and fits and plain.idents == wanted.idents:
            changed = self.change(opened, changes, ruling)
            if changed.plain.is_same(wanted):
                self._check_structure(changed.sealed, ruling, old.other_keys)
                return self._checked(changed.sealed, wanted, changed.plain.content)
        refuse_loss(old.path, old.other_keys)
        return self.seal(wanted, ruling)

    def change(self, opened: Opened, changes: Sequence[ValueChange], ruling: Ruling) -> Opened:
        """Return the file that was *opened* after *changes*, read back; nothing of it is planned.

        All other values keep their ciphertext.
        """
        sealed = self.set_values(opened.sealed, opened.identities, changes, ruling)
        read = sops.decrypt(sealed.content, sealed.path, opened.identities)
        return Opened(sealed, Manifest(read, sealed.path), opened.identities)

    def set_values(
        self,
        sealed: Manifest,
        identities: Sequence[bytes],
        changes: Sequence[ValueChange],
        ruling: Ruling,
    ) -> Manifest:
        """Return the encrypted file *sealed* after *changes*; it is for the caller to read it back."""
        content = sops.change(sealed.content, sealed.path, changes, identities, ruling.config)
        return Manifest(with_ends_of(sealed.content, content), sealed.path)

    def rewrap(self, opened: Opened, ruling: Ruling) -> Manifest:
        """Plan the file that was *opened* for the recipients of *ruling*, with the data key and values that it has.

        That is for readers who come. If one goes, who keeps the data key, all of it is encrypted anew. Raises
        GitOpsSecretsError if that would take away readers besides age's, or anything would stay readable.
        """
        old = opened.sealed
        refuse_loss(old.path, old.other_keys)
        had = old.metadata
        if had is None or not Readers(had.opening, had.needed).are_within(
            Readers(ruling.opening, ruling.needed)
        ):
            return self.seal(opened.plain, ruling)
        content = with_ends_of(
            old.content, sops.rewrap(old.content, old.path, opened.identities, ruling.config)
        )
        sealed = Manifest(content, old.path)
        self._check_structure(sealed, ruling)
        return self._checked(
            sealed, opened.plain, sops.decrypt(content, old.path, opened.identities)
        )

    def _encrypting(self, path: str, ruling: Ruling) -> AbstractContextManager[sops.Encrypt]:
        return sops.encrypting(ruling.config, path, self._readers(ruling))

    def can_read(self, ruling: Ruling) -> bool:
        """Return whether the identities at hand open what is sealed by *ruling*."""
        return bool(self._readers(ruling))

    def _readers(self, ruling: Ruling) -> tuple[bytes, ...]:
        """Return as many identities as open what is sealed by *ruling*, none if there are not as many."""
        found = tuple(i.secret for i in self._keyring.of_groups(ruling.opening))
        return found[: ruling.needed] if len(found) >= ruling.needed else ()

    def _check_structure(
        self, sealed: Manifest, ruling: Ruling, others: Sequence[MasterKey] = ()
    ) -> None:
        if self._secrets_only:
            sealed.check_encrypted(ruling.recipients, others, mac_only=ruling.mac_only)

    def _checked(self, sealed: Manifest, plain: Manifest, read: bytes | None) -> Manifest:
        path = sealed.path
        if len(sealed.content) > MAX_ENCRYPTED_BYTES:
            raise GitOpsSecretsError(
                f"{path} would be {len(sealed.content)} bytes, and Flux decrypts at most {MAX_ENCRYPTED_BYTES}",
                "write one file for each Secret"
                if len(sealed.documents) > 1
                else "let fewer recipients read it, or give some registries an --image-pull-secret of their own",
            )
        if read is not None and not Manifest(read, path).is_same(plain):
            raise GitOpsSecretsError(
                f"{path} does not read back as it was given, and nothing was written",
                "quote its values: what one YAML reader takes for a number, another takes for text",
            )
        self._tree.write(path, sealed.content)
        return sealed
