"""age identities: made, kept and found. An identity never lies in a Git work tree."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from gitops_secrets.adapters.running.environment import forgotten
from gitops_secrets.core.sops.keys.managers import plugin_of
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_VARIABLE = "SOPS_AGE_KEY"
_SECRET_LINE = rb"(?m)^[ \t]*(AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+)[ \t]*\r?$"
_PUBLIC_COMMENT = rb"(?m)^#\s*public key:\s*(age1[0-9a-z]+)\s*$"
_RECIPIENT = r"age1[02-9ac-hj-np-z]{58}|age1pq1[02-9ac-hj-np-z]{1900,}"
_PLUGIN = r"[a-z0-9][a-z0-9+._-]*"
_SSH = r"ssh-(ed25519|rsa) [A-Za-z0-9+/=]+( .*)?"
RECIPIENT_HINT = "recipients begin with age1: age-keygen -y FILE prints the one of an identity"


class Identity(Veiled):
    """An age identity with its public recipient."""

    __slots__ = ("recipient", "secret")

    def __init__(self, recipient: str, secret: bytes) -> None:
        self.recipient = recipient
        self.secret = secret


def create_identity() -> Identity:
    """Return a new X25519 identity, in memory only."""
    from pyrage import x25519

    identity = x25519.Identity.generate()
    return Identity(str(identity.to_public()), str(identity).encode())


def check_recipient(value: str) -> None:
    """Raise UsageError if *value* is not an age recipient; an identity by mistake is never quoted."""
    if "AGE-SECRET-KEY" in value.upper() or "AGE-PLUGIN" in value.upper():
        raise UsageError(
            "--age-recipient was given an identity, which is the secret half",
            "age-keygen -y FILE",
        )
    problem = recipient_problem(value)
    if problem is not None:
        raise UsageError(*problem)


def recipient_problem(value: str) -> tuple[str, str] | None:
    """Return why sops is not to encrypt for *value*, and a hint; None for a recipient.

    A recipient is age's own, an SSH public key, or that of a plugin that the user's settings allow.
    """
    plugin = plugin_of(value)
    if plugin is not None:
        from gitops_secrets.adapters.settings import allowed_key_managers

        if re.fullmatch(_PLUGIN, plugin) and allowed_key_managers().allows_plugin(plugin):
            return None
        what = f"{value[:20]!r} would have sops run age-plugin-{plugin[:20]}"
        return (
            f"{what}, which your settings do not allow",
            f"allow it under key-managers in your settings: age-plugin: {plugin[:20]}",
        )
    if _is_recipient(value):
        return None
    return f"{value[:20]!r} is not an age recipient, or is mistyped", RECIPIENT_HINT


def _is_recipient(value: str) -> bool:
    if re.fullmatch(_SSH, value):
        return _is_ssh(value)
    return re.fullmatch(_RECIPIENT, value) is not None and _checksum_fits(value)


def read_identities(path: Path) -> list[Identity]:
    """Return the identities in the file *path*. Raises GitOpsSecretsError if it holds none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GitOpsSecretsError(f"identity file {path} cannot be read: {error.strerror}") from None
    return parse_identities(content, f"identity file {path}")


def parse_identities(content: bytes, where: str) -> list[Identity]:
    """Return the identities in *content*, which *where* names. Raises GitOpsSecretsError if it holds none."""
    found = [_parse_identity(line, content, where) for line in re.findall(_SECRET_LINE, content)]
    if not found:
        raise GitOpsSecretsError(
            f"{where} holds no age identity",
            "its lines begin with AGE-SECRET-KEY-1; files with a passphrase cannot be used here",
        )
    return found


def _parse_identity(secret: bytes, content: bytes, where: str) -> Identity:
    if secret.startswith(b"AGE-SECRET-KEY-PQ-1"):
        public = [p for p in re.findall(_PUBLIC_COMMENT, content) if p.startswith(b"age1pq1")]
        if len(public) != 1:
            raise GitOpsSecretsError(
                f"{where} holds a post-quantum identity without its public key",
                "keep the line '# public key: age1pq1...' that age-keygen -pq writes above it",
            )
        return Identity(public[0].decode(), secret)
    from pyrage import IdentityError, x25519

    try:
        return Identity(str(x25519.Identity.from_str(secret.decode()).to_public()), secret)
    except IdentityError:
        raise GitOpsSecretsError(f"{where} holds a mistyped age identity") from None


def sops_config_folder() -> Path:
    """Return the folder in which sops itself looks for age identities, by Go's os.UserConfigDir."""
    xdg = os.environ.get("XDG_CONFIG_HOME")
    if xdg:
        return Path(xdg) / "sops"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sops"
    return Path.home() / ".config" / "sops"


def known_identity_files(named: Path | None) -> Iterator[Path]:
    """Yield the identity files that the user has, *named* first, then ours, then those sops reads."""
    if named is not None:
        yield named
    ours = sops_config_folder() / "age" / "gitops-secrets"
    if ours.is_dir():
        yield from sorted(ours.rglob("*.agekey"))
    variable = os.environ.get("SOPS_AGE_KEY_FILE")
    if variable:
        yield Path(variable)
    yield sops_config_folder() / "age" / "keys.txt"


def refuse_missing(named: Path | None) -> None:
    """Raise GitOpsSecretsError if the identity file that the user names is not there."""
    if named is not None and not named.is_file():
        raise GitOpsSecretsError(
            f"identity file {named} is not {'a file' if named.exists() else 'there'}",
            "pass --age-identity-file with the file that holds the cluster's identity",
        )


def given_identities() -> list[Identity]:
    """Return the identities of the variable SOPS_AGE_KEY, which sops reads too."""
    given = (forgotten(_VARIABLE) or "").encode()
    return parse_identities(given, _VARIABLE) if re.search(_SECRET_LINE, given) else []


def unwrap(wrapped: str, identity: Identity) -> bytes | None:
    """Return the data key that is *wrapped* for *identity*; None if it is not, or if only age itself reads it."""
    from pyrage import DecryptError, IdentityError, decrypt, x25519

    try:
        return bytes(
            decrypt(wrapped.encode(), [x25519.Identity.from_str(identity.secret.decode())])
        )
    except (DecryptError, IdentityError, UnicodeEncodeError):
        return None


def write_identity(path: Path, identity: Identity, notes: list[str]) -> None:
    """Create *path*, 0600 in a folder of 0700, with *identity* under *notes*, on the disk for good.

    It is there whole or not at all. Raises GitOpsSecretsError if it exists, cannot be written, or lies in a Git work tree.
    """
    refuse_work_tree(path)
    head = [*notes, f"public key: {identity.recipient}"]
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create_whole(path, "".join(f"# {n}\n" for n in head).encode() + identity.secret + b"\n")
    except OSError as error:
        raise GitOpsSecretsError(
            f"identity file {path} cannot be written: {error.strerror}",
            "pass --age-identity-file with a path where it can be kept",
        ) from None


def _create_whole(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, takes no other identity's place.
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:
            # A file system without links.
            if path.exists():
                raise
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def refuse_work_tree(path: Path) -> None:
    """Raise GitOpsSecretsError if *path* lies in a Git work tree: an identity would be committed."""
    for folder in path.resolve().parents:
        if (folder / ".git").exists():
            raise GitOpsSecretsError(
                f"identity file {path} would lie in the Git work tree {folder}",
                "pass --age-identity-file with a path outside every repository",
            )


def _is_ssh(value: str) -> bool:
    from pyrage import RecipientError, ssh

    try:
        ssh.Recipient.from_str(value)
    except RecipientError:
        return False
    return True


def _checksum_fits(value: str) -> bool:
    if value.startswith("age1pq1"):
        return True  # pyrage does not know post-quantum recipients; sops judges these
    from pyrage import RecipientError, x25519

    try:
        x25519.Recipient.from_str(value)
    except RecipientError:
        return False
    return True
