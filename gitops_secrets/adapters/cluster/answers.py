"""What a request to the API server came to, in our own words.

An answer that refuses can quote an object with its values, and anything else that a webhook or a policy
of the cluster puts there. Nothing of it is repeated but verbs, and names of rules.
"""

from __future__ import annotations

import json
import re
import ssl
from typing import Any, NamedTuple

from gitops_secrets.errors import GitOpsSecretsError

Object = dict[str, Any]

_CANNOT = re.compile(r" cannot (get|list|create|patch|delete) resource ")
"""How the API server itself says what a user lacks, whichever authorizer it asks."""
_RULE = re.compile(r"(?:admission webhook|ValidatingAdmissionPolicy) [\"']([a-z0-9.:-]+)[\"']")
"""The name of the webhook or policy that refused; what it says of the object comes behind."""


class ForbiddenError(GitOpsSecretsError):
    """The user is not allowed to do that, but may be allowed to do other things."""


class ConflictError(GitOpsSecretsError):
    """Another field manager owns what was to be applied, or it came into being meanwhile."""


class What(NamedTuple):
    """What is asked: a verb and an object, or with no name all objects of the kind."""

    verb: str
    kind: str
    name: str
    namespace: str | None
    writes: bool = False

    @property
    def resource(self) -> str:
        """The resource as kubectl takes it."""
        word = self.kind.lower()
        return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"

    @property
    def object(self) -> str:
        """The object as it is called in messages."""
        if not self.name:
            return self.resource
        return (
            f"{self.kind} {self.namespace}/{self.name}"
            if self.namespace
            else f"{self.kind} {self.name}"
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.object}"


def refusal(error: Any, what: What, context: str, server: str, kubectl: str) -> GitOpsSecretsError:
    """Return what to raise for the client's ApiException *error*; *kubectl* begins a hint's command."""
    status, answer = error.status or 0, status_of(error)
    if not status:
        return _untrusted(error, server, kubectl)
    if status == 401:
        return GitOpsSecretsError(
            f"the cluster of context {context} does not know who you are", f"{kubectl} auth whoami"
        )
    if status < 400 or (status < 500 and not answer and what.name):
        return no_api_server(context, server, kubectl)
    if "NamespaceTerminating" in _causes(answer):
        return being_deleted(f"namespace {what.namespace}", f"namespace {what.namespace}", kubectl)
    message = str(answer.get("message", ""))
    lacks = _CANNOT.search(message)
    if status == 403 and (lacks or what.verb in {"get", "list"}):
        return _forbidden(what._replace(verb=lacks[1]) if lacks else what, context, kubectl)
    if status == 409:
        return ConflictError(
            f"somebody else owns the value of {what.object}",
            f"{kubectl} --namespace {what.namespace} get secret {what.name} "
            "-o jsonpath='{.metadata.managedFields[*].manager}'",
        )
    if status == 404:
        return GitOpsSecretsError(
            f"the namespace of {what.object} is not there",
            f"{kubectl} create namespace {what.namespace}",
        )
    rule = _RULE.search(message)
    if status == 422 and not rule:
        return GitOpsSecretsError(
            f"{what.object} is not as it was a moment ago, and cannot be changed so",
            "the same command again",
        )
    if rule or status in {400, 403}:
        return GitOpsSecretsError(
            f"the cluster of context {context} lets you {what}, but a rule of it does not accept the object"
            + (f": {rule[1]}" if rule else ""),
            f"{kubectl} get validatingadmissionpolicies,validatingwebhookconfigurations,"
            "mutatingwebhookconfigurations",
            *(
                [f"{kubectl} --namespace {what.namespace} get resourcequotas"]
                if what.namespace
                else []
            ),
        )
    return GitOpsSecretsError(
        f"the API server answered {status} to {what}" + doubt(what), f"{kubectl} version"
    )


def no_api_server(context: str, server: str, kubectl: str) -> GitOpsSecretsError:
    """Return what to raise for an answer that no API server gives, a redirect among them."""
    return GitOpsSecretsError(
        f"what answers for context {context} at {server} is no API server", f"{kubectl} version"
    )


def being_deleted(what: str, resource: str, kubectl: str) -> GitOpsSecretsError:
    """Return what to raise for an object that will soon be gone, with all that is put there."""
    return GitOpsSecretsError(f"{what} is being deleted", f"{kubectl} get {resource} -o yaml")


def doubt(what: What) -> str:
    """Return what has to be added when it is not known whether a request was carried out."""
    return f"; it may have taken {what.object} all the same" if what.writes else ""


def status_of(error: Any) -> Object:
    """Return the Status with which an API server refuses, empty if this is none."""
    try:
        found = json.loads(error.body or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) and found.get("kind") == "Status" else {}


def _causes(answer: Object) -> list[str]:
    details = answer.get("details") or {}
    return [str(cause.get("reason")) for cause in details.get("causes") or ()]


def _forbidden(what: What, context: str, kubectl: str) -> ForbiddenError:
    # A right to get a namespace can be given in that namespace.
    where = what.namespace or (what.name if what.verb == "get" else None)
    asked = f"{what.resource}/{what.name}" if what.name else what.resource
    if what.verb == "create" and where is None:
        asked = what.resource
    return ForbiddenError(
        f"the cluster of context {context} does not let you {what}",
        f"{kubectl} auth can-i {what.verb} {asked}" + (f" --namespace {where}" if where else ""),
    )


def _untrusted(error: BaseException, server: str, kubectl: str) -> GitOpsSecretsError:
    cause: object = error.__context__
    while isinstance(cause, BaseException) and not isinstance(cause, ssl.SSLError):
        cause = cause.args[0] if cause.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return GitOpsSecretsError(
            f"the certificate of {server} is not trusted: {cause.verify_message.rstrip('.')}",
            "certificate-authority in the kubeconfig names the file of its issuer, tls-server-name the "
            "name that it is for",
        )
    return GitOpsSecretsError(f"{server} makes no TLS connection", f"{kubectl} version")
