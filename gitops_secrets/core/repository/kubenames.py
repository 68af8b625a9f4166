"""The names that Kubernetes takes."""

from __future__ import annotations

import re

from gitops_secrets.errors import UsageError

DEFAULT_ACCOUNT = "default"
"""The ServiceAccount of pods that name none. Kubernetes makes it in every namespace."""

_DNS_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DNS_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"


def check_secret_name(name: str) -> None:
    """Raise UsageError if Kubernetes would refuse *name* for a Secret."""
    if len(name) > 253 or not re.fullmatch(_DNS_SUBDOMAIN, name):
        raise UsageError(
            f"Kubernetes takes no Secret named {name!r}: a name has at most 253 lower case letters, digits, '-' and "
            "'.', and begins and ends with a letter or digit",
            "--image-pull-secret regcred",
        )


def is_data_key(key: str) -> bool:
    """Return whether Kubernetes takes *key* in the data of a Secret (apimachinery, IsConfigMapKey)."""
    return re.fullmatch(r"(?!\.\.|\.$)[-._a-zA-Z0-9]{1,253}", key) is not None


def check_namespace(name: str) -> None:
    """Raise UsageError if Kubernetes would refuse *name* for a namespace."""
    if not re.fullmatch(_DNS_LABEL, name):
        raise UsageError(
            f"Kubernetes takes no namespace named {name!r}",
            "lower case letters, digits and '-', at most 63, beginning and ending with a letter "
            "or digit",
        )


def parse_account(value: str) -> tuple[str, str]:
    """Return the namespace and the ServiceAccount of NAMESPACE[/SERVICEACCOUNT], "" for one not named.

    Raises UsageError if Kubernetes would refuse one of them.
    """
    namespace, slash, account = value.partition("/")
    check_namespace(namespace)
    if slash and (len(account) > 253 or not re.fullmatch(_DNS_SUBDOMAIN, account)):
        raise UsageError(
            f"Kubernetes takes no ServiceAccount named {account!r}",
            f"NAMESPACE/SERVICEACCOUNT: {namespace}/default",
        )
    return namespace, account
