"""The real sops binary: all encryption and decryption that writes or reads a secret value.

It sees a config of ours, absolute paths, an allow-listed environment and the one identity it is
given, through a pipe. Of a file it sees no master key that it would contact or run anything for,
unless the user's settings allow that one. What it says on standard error quotes plaintext, so it is
never passed on: each failure is told in our own words.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_secrets.adapters.files import private_folder
from gitops_secrets.adapters.running.process import Started
from gitops_secrets.adapters.sops.binary import find_sops, get_sops
from gitops_secrets.adapters.sops.environment import environment_for
from gitops_secrets.adapters.sops.failures import NO_KEY, failure
from gitops_secrets.core.sops.keys.fields import Dropped
from gitops_secrets.core.sops.keys.managers import KINDS, setting_for
from gitops_secrets.core.sops.keys.master import Reduced, reduce_keys, restore_keys
from gitops_secrets.errors import GitOpsSecretsError, MachineError

if TYPE_CHECKING:
    from gitops_secrets.core.sops.valuechanges import ValueChange

_OUTRANKING = (
    "SOPS_AGE_RECIPIENTS",
    "SOPS_PGP_FP",
    "SOPS_KMS_ARN",
    "SOPS_GCP_KMS_IDS",
    "SOPS_AZURE_KEYVAULT_URLS",
    "SOPS_VAULT_URIS",
    "SOPS_HUAWEICLOUD_KMS_IDS",
)
"""Variables by which sops encrypts for other keys than the creation rule names."""

Encrypt = Callable[[bytes], tuple[bytes, bytes | None]]
"""Takes a readable manifest; returns it encrypted, and decrypted again. Raises GitOpsSecretsError."""

_READABLE = b"stores: {yaml: {indent: 2}}\n"
"""Two spaces, as people write manifests: an editor may show what comes out."""


def refuse_outranking() -> None:
    """Raise GitOpsSecretsError if the environment names keys that sops would encrypt for instead."""
    for variable in _OUTRANKING:
        if os.environ.get(variable):
            raise GitOpsSecretsError(
                f"{variable} is set, and sops lets it outrank every rule of .sops.yaml",
                f"unset {variable}",
                "to let somebody read the Secret: --age-recipient AGE1...",
            )


@contextmanager
def encrypting(config: bytes, path: str, identities: Sequence[bytes]) -> Iterator[Encrypt]:
    """Yield what encrypts one manifest by the rule that *config* has for *path*, and reads it back.

    *config* is all that sops gets to see of ``.sops.yaml``, and *path* relative to it. sops is started at once and waits for
    the manifest, so that its start costs nothing where there is something else to do. Nothing readable
    is on disk or in an argument. What sops made is decrypted again with *identities*; None if there
    are none. The result is not judged here: sops succeeds as well where it encrypted nothing.
    """
    with private_folder({".sops.yaml": config}) as folder, ExitStack() as stack:
        arguments = ["encrypt", *_types(_form(path)), "--filename-override", f"{folder}/{path}"]
        program = stack.enter_context(_start(arguments, f"{folder}/.sops.yaml"))
        reader = stack.enter_context(reading(_form(path), identities)) if identities else None

        def encrypt(plain: bytes) -> tuple[bytes, bytes | None]:
            done = program.finish(plain)
            if done.status:
                raise failure(done, "encrypt", path)
            if reader is None:
                return done.stdout, None
            read = reader.finish(done.stdout)
            if read.status:
                raise failure(read, "decrypt", path)
            return done.stdout, read.stdout

        yield encrypt


def decrypt(
    content: bytes, path: str, identities: Sequence[bytes], *, ignore_mac: bool = False
) -> bytes:
    """Return the encrypted manifest *content* readable, its MAC checked; *path* says its form, and is for errors.

    Raises TamperedError if the MAC does not fit, and GitOpsSecretsError if none of *identities* opens it.
    """
    seen = reduced(content, path)
    with reading(_form(path), identities, seen.kept, ignore_mac=ignore_mac) as program:
        done = program.finish(seen.content)
    if done.status == NO_KEY and seen.dropped:
        raise no_reader(path, seen.dropped)
    if done.status:
        raise failure(done, "decrypt", path)
    return done.stdout


def reduced(content: bytes, path: str) -> Reduced:
    """Return the encrypted file *content* as sops gets to see it: without what the user's settings do not allow."""
    from gitops_secrets.adapters.settings import allowed_key_managers

    return reduce_keys(content, path, allowed_key_managers())


def no_reader(path: str, dropped: Sequence[Dropped]) -> GitOpsSecretsError:
    """Return the error for a file that, of the keys sops may see, none at hand opens."""
    kinds = ", ".join(dict.fromkeys(key.kind for key in dropped))
    settings = [setting_for(key.kind, key.identification) for key in dropped if key.kind in KINDS]
    return GitOpsSecretsError(
        f"none of the identities at hand opens {path}, and its {kinds} keys are not used: what a file "
        "names is contacted or run only if your settings allow it",
        "pass --age-identity-file with an identity of one of its recipients",
        *(f"or allow it under key-managers in your settings: {one}" for one in settings[:1]),
    )


def change(
    content: bytes,
    path: str,
    changes: Sequence[ValueChange],
    identities: Sequence[bytes],
    config: bytes,
) -> bytes:
    """Return the encrypted manifest *content* with *changes*, in the fewest lines.

    sops edits a copy of the ciphertext in a private temporary folder; values go through its standard
    input. Master keys that sops does not get to see are in the result again.
    """
    copy = f"copy.{_form(path)}"
    seen = reduced(content, path)
    with private_folder({".sops.yaml": config, copy: seen.content}) as folder:
        for one in changes:
            options = ["set", "--value-stdin"] if one.value is not None else ["unset"]
            arguments = [*options, "--idempotent", f"{folder}/{copy}", one.key]
            with (
                _identity_file(identities) as (variables, fds),
                _start(arguments, f"{folder}/.sops.yaml", variables, fds, seen.kept) as program,
            ):
                done = program.finish(one.value or b"")
            if done.status:
                raise failure(done, options[0], path)
        after = Path(folder, copy).read_bytes()
    return restore_keys(content, after, path) if seen.dropped else after


def rewrap(content: bytes, path: str, identities: Sequence[bytes], config: bytes) -> bytes:
    """Return the encrypted manifest *content* with its data key wrapped for the recipients of *config* alone.

    sops edits a copy of the ciphertext in a private temporary folder.
    """
    copy = f"copy.{_form(path)}"
    with private_folder({".sops.yaml": config, copy: content}) as folder:
        arguments = ["updatekeys", "--yes", f"{folder}/{copy}"]
        with (
            _identity_file(identities) as (variables, fds),
            _start(arguments, f"{folder}/.sops.yaml", variables, fds) as program,
        ):
            done = program.finish(b"")
        if done.status:
            raise failure(done, "updatekeys", path)
        return Path(folder, copy).read_bytes()


@contextmanager
def reading(
    form: str,
    identities: Sequence[bytes],
    kinds: Collection[str] = (),
    *,
    ignore_mac: bool = False,
) -> Iterator[Started]:
    """Yield a sops that decrypts what it is given, in *form*, with *identities* and by master keys of *kinds*."""
    arguments = ["decrypt", *_types(form), *(["--ignore-mac"] if ignore_mac else [])]
    with (
        private_folder({".sops.yaml": _READABLE}) as folder,
        _identity_file(identities) as (variables, fds),
        _start(arguments, f"{folder}/.sops.yaml", variables, fds, kinds) as program,
    ):
        yield program


def _form(path: str) -> str:
    return "json" if path.endswith(".json") else "yaml"


def _types(form: str) -> list[str]:
    return ["--input-type", form, "--output-type", form]


def _start(
    arguments: Sequence[str],
    config: str,
    variables: dict[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    kinds: Collection[str] = (),
) -> Started:
    env = {**environment_for(kinds), **(variables or {})}
    binary = find_sops()
    try:
        return Started([binary, "--config", config, *arguments], env=env, pass_fds=pass_fds)
    except OSError as error:
        raise MachineError(f"{binary} cannot be started: {error.strerror}", *get_sops()) from None


@contextmanager
def _identity_file(identities: Sequence[bytes]) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """Yield the variables and descriptors through which sops reads *identities* from memory.

    sops reads them once for each recipient that it tries. What a pipe holds is gone after the first, so it
    is a file in memory if the system has them; by a pipe, sops opens what its first recipient opens.
    """
    if not identities:
        yield {}, ()
        return
    content = b"\n".join(identities) + b"\n"
    reader = _file_in_memory(content) if sys.platform == "linux" else _filled_pipe(content)
    try:
        yield {"SOPS_AGE_KEY_FILE": f"/dev/fd/{reader}"}, (reader,)
    finally:
        os.close(reader)


def _file_in_memory(content: bytes) -> int:
    """Return the descriptor of a file that has no name; whoever opens it by its descriptor reads it from the start."""
    descriptor = os.memfd_create("identities")
    os.write(descriptor, content)
    return descriptor


def _filled_pipe(content: bytes) -> int:
    reader, writer = os.pipe()
    # A pipe holds 64 KiB before anyone reads, and an identity is at most a few hundred bytes.
    os.write(writer, content)
    os.close(writer)
    return reader
