"""Key managers: what sops would contact or run for a master key, and which of it the user allows.

A file or a creation rule only names a key manager. Whether it is contacted is the user's decision,
in settings of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import yaml

from gitops_secrets.core.yamltext.nodes import compose_single, entries, items
from gitops_secrets.errors import GitOpsSecretsError

VARIABLE = "GITOPS_SECRETS_KEY_MANAGERS"
"""The environment variable that allows key managers, for CI: ``vault=https://... pgp=FINGERPRINT``."""
_NETWORK = (
    *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)


class Kind(NamedTuple):
    """A kind of master key besides age."""

    setting: str
    """Its name in the user's settings."""
    field: str
    """What identifies it in a ``sops`` block."""
    others: tuple[str, ...]
    """The other fields that sops reads there."""
    passed: tuple[str, ...]
    """The environment variables that sops gets once such a key is allowed."""
    is_address: bool = False
    """Whether the setting is the beginning of an address, not all of the identification."""


KINDS: Mapping[str, Kind] = {
    "pgp": Kind("pgp", "fp", ("created_at", "enc"), ("GNUPGHOME", "GPG_TTY")),
    "kms": Kind(
        *("aws-kms", "arn", ("context", "created_at", "enc")),
        (
            *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"),
            *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_CA_BUNDLE"),
            *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL_KMS", *_NETWORK),
        ),
    ),
    "gcp_kms": Kind(
        *("gcp-kms", "resource_id", ("created_at", "enc")),
        (
            *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS"),
            *("GOOGLE_OAUTH_ACCESS_TOKEN", "SOPS_GCP_KMS_ENDPOINT", "SOPS_GCP_KMS_CLIENT_TYPE"),
            *_NETWORK,
        ),
    ),
    "hckms": Kind(
        *("hckms", "key_id", ("created_at", "enc")),
        ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_PROJECT_ID", *_NETWORK),
    ),
    "azure_kv": Kind(
        *("azure-key-vault", "vault_url", ("name", "version", "created_at", "enc")),
        (
            *("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"),
            *("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", *_NETWORK),
        ),
        is_address=True,
    ),
    "hc_vault": Kind(
        *("vault", "vault_address", ("engine_path", "key_name", "created_at", "enc")),
        ("VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT", "VAULT_CAPATH", *_NETWORK),
        is_address=True,
    ),
}
"""The kinds by their names in a ``sops`` block, as sops 3.11 to 3.13 reads them."""
PLUGIN = "age-plugin"
"""The setting that allows an age plugin by its name."""
REALMS = "registry-realms"
"""The other setting of the file: the hosts of realms that may get a registry's credential."""
PROGRAMS = "registry-programs"
"""And the programs that mint and revoke credentials, by the host of their registry."""
_SETTINGS = (*(kind.setting for kind in KINDS.values()), PLUGIN)


class Allowed(NamedTuple):
    """The key managers that the user's settings allow, as pairs of setting and value."""

    entries: frozenset[tuple[str, str]] = frozenset()

    def allows(self, kind: str, identification: str) -> bool:
        """Return whether a master key of *kind*, as a ``sops`` block names it, may be used."""
        known = KINDS.get(kind)
        if known is None:
            return False
        if not known.is_address:
            return (known.setting, identification) in self.entries
        return any(
            name == known.setting and _begins(identification, value) for name, value in self.entries
        )

    def allows_plugin(self, name: str) -> bool:
        """Return whether the program ``age-plugin-NAME`` may be run."""
        return (PLUGIN, name) in self.entries

    def addresses(self, kind: str) -> list[str]:
        """Return the values that are allowed for *kind*."""
        return sorted(value for name, value in self.entries if name == KINDS[kind].setting)


def plugin_of(recipient: str) -> str | None:
    """Return the age plugin that sops would run for *recipient*; None if it would run none.

    A second "1" ends the name of a plugin; age1pq1 is age's own.
    """
    name, separator, _ = recipient.removeprefix("age1").rpartition("1")
    if not recipient.startswith("age1") or not separator:
        return None
    return None if name == "pq" else name


def setting_for(kind: str, identification: str) -> str:
    """Return the settings entry that would allow a master key."""
    return f"{KINDS[kind].setting}: {identification}"


def parse_variable(value: str) -> Allowed:
    """Return what VARIABLE allows. Raises GitOpsSecretsError for an entry that is not KIND=VALUE."""
    return Allowed(
        frozenset(_checked(*entry.partition("=")[::2], VARIABLE) for entry in value.split())
    )


def parse_settings(content: bytes, name: str) -> Allowed:
    """Return what the settings file *name* allows under ``key-managers``.

    Raises GitOpsSecretsError for a file that is not one plain YAML document, or a wrong entry.
    """
    root = compose_single(content, name)
    for key, _ in entries(root):
        if key not in ("key-managers", REALMS, PROGRAMS):
            raise GitOpsSecretsError(
                f"{name}: unknown setting {key!r}",
                f"those there are: key-managers, {REALMS}, {PROGRAMS}",
            )
    return Allowed(
        frozenset(_checked(*_entry(item, name), name) for item in items(root, "key-managers"))
    )


def _entry(item: yaml.Node, name: str) -> tuple[str, str]:
    pairs = entries(item)
    if len(pairs) != 1 or not isinstance(pairs[0][1], yaml.ScalarNode):
        raise GitOpsSecretsError(
            f"{name}:{item.start_mark.line + 1}: not one KIND: VALUE",
            "write each entry of key-managers as - vault: https://vault.example.com",
        )
    return pairs[0][0], str(pairs[0][1].value)


def _checked(setting: str, value: str, where: str) -> tuple[str, str]:
    if setting not in _SETTINGS or not value:
        raise GitOpsSecretsError(
            f"{where}: {setting!r} is not a kind of key manager with a value",
            f"the kinds: {', '.join(_SETTINGS)}",
        )
    is_address = any(kind.setting == setting and kind.is_address for kind in KINDS.values())
    if is_address and not re.fullmatch(r"https?://[^/?#@\s\\]+(?:/[^?#\s\\]*)?", value):
        raise GitOpsSecretsError(
            f"{where}: {setting} takes an address that begins with https://",
            f"{setting}: https://vault.example.com",
        )
    return setting, value


def _begins(address: str, prefix: str) -> bool:
    """Return whether *address* is *prefix* or lies below it: no other host, no way up or out."""
    if re.search(r"[\\\s@?#%]|/\.", address):
        return False
    return f"{address.rstrip('/')}/".startswith(f"{prefix.rstrip('/')}/")


def passed_variables(kinds: Iterable[str]) -> frozenset[str]:
    """Return the environment variables that sops gets for master keys of *kinds*."""
    return frozenset(name for kind in kinds for name in KINDS[kind].passed)
