"""What the installed sops says of an encrypted file, where only sops can tell."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_secrets.adapters.sops.program import reading
from gitops_secrets.core.sops.keys.managers import Allowed, plugin_of
from gitops_secrets.core.sops.keys.master import reduce_keys
from gitops_secrets.core.sops.reader.read import Reading, Verdict
from gitops_secrets.core.sops.reader.tree import Form
from gitops_secrets.core.sops.structure import MasterKey
from gitops_secrets.errors import GitOpsSecretsError

_VERDICTS = {0: Verdict.INTACT, 25: Verdict.CLOSED, 51: Verdict.MAC, 128: Verdict.NO_KEY}


def ask_sops(
    content: bytes,
    path: str,
    form: Form,
    keys: Sequence[MasterKey],
    identities: Sequence[bytes],
) -> Reading:
    """Return what sops makes of the encrypted file *content*; what it decrypts is thrown away.

    It sees no key manager, not even one that the user's settings allow: they are taken out of the file first,
    and a file of which that cannot be done stays unsupported. Raises GitOpsSecretsError if sops is not installed.
    """
    if form in (Form.YAML, Form.JSON):
        try:
            content = reduce_keys(content, path, Allowed()).content
        except GitOpsSecretsError as error:
            return Reading(Verdict.UNSUPPORTED, error.message.removeprefix(f"{path}: "))
    elif any(key.kind != "age" or plugin_of(key.identification) for key in keys):
        return Reading(Verdict.UNSUPPORTED, "it names key managers, which sops would contact")
    with reading(str(form), identities) as program:
        done = program.finish(content)
    verdict = _VERDICTS.get(done.status, Verdict.REFUSED)
    why = f"it ends with status {done.status}" if verdict is Verdict.REFUSED else ""
    return Reading(verdict, why)
