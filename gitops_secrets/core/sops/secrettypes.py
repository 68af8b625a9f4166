"""The types of Secrets: which keys the API server asks for, and with which of them the kubelet pulls."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gitops_secrets.core.registry.dockerconfig import read_dockercfg, read_dockerconfigjson
from gitops_secrets.errors import InvalidDocumentError

PULL_SECRET_TYPE = "kubernetes.io/dockerconfigjson"  # noqa: S105
DOCKERCONFIGJSON = ".dockerconfigjson"
_OLD_TYPE, _DOCKERCFG = "kubernetes.io/dockercfg", ".dockercfg"
SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105
ACCOUNT = "kubernetes.io/service-account.name"
"""The annotation that a Secret of that type has to have."""
_BASIC = "kubernetes.io/basic-auth"
_KEYS = {
    PULL_SECRET_TYPE: (DOCKERCONFIGJSON,),
    _OLD_TYPE: (_DOCKERCFG,),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
"""What a Secret of a type has, or the API server refuses it (Kubernetes, pkg/apis/core/validation)."""
_PULLED_WITH = {DOCKERCONFIGJSON: PULL_SECRET_TYPE, _DOCKERCFG: _OLD_TYPE}


def missing_key(object_type: str, keys: Collection[str]) -> str | None:
    """Return the key that the API server misses in a Secret of *object_type* with *keys*, None if it takes it."""
    if object_type == _BASIC and not {"username", "password"} & set(keys):
        return "username"
    return next((key for key in _KEYS.get(object_type, ()) if key not in keys), None)


def check_type(object_type: str, values: Mapping[str, bytes], where: str) -> None:
    """Raise GitOpsSecretsError, naming *where* the Secret is, unless *values* are what its type asks for."""
    missing = missing_key(object_type, values)
    if missing is not None:
        raise InvalidDocumentError(f"{where}: a Secret of type {object_type} has the key {missing}")
    if object_type == PULL_SECRET_TYPE:
        read_dockerconfigjson(values[DOCKERCONFIGJSON], f"{where}: {DOCKERCONFIGJSON}")
    elif object_type == _OLD_TYPE:
        read_dockercfg(values[_DOCKERCFG], f"{where}: {_DOCKERCFG}")


def no_pull_type(object_type: str, keys: Collection[str]) -> str | None:
    """Return the type that a Secret with *keys* needs for the kubelet to pull with it, None if it has that.

    None too if it holds no docker config, or its type is not readable.
    """
    needed = next((kind for key, kind in _PULLED_WITH.items() if key in keys), None)
    is_right = needed is None or object_type in _PULLED_WITH.values()
    return None if is_right or object_type.startswith("ENC[") else needed
