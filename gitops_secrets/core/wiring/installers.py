"""What installs Flux that this program recognises, and does not edit."""

from __future__ import annotations

import re

from gitops_secrets.core.repository.overlay import Overlay

_TERRAFORM = (".tf", ".tofu", ".tf.json")
_RELEASE = re.compile(rb'"helm_release"\s*"[^"]*"\s*\{')
_CHART = re.compile(rb"(?m)^\s*chart\s*=\s*\"[^\"]*\b(flux-instance|flux-operator|flux2)\"")
_FLUX_CHART = re.compile(rb"(?m)^\s*chart:\s*[\"']?(flux2)[\"']?\s*$")


def find_external(tree: Overlay) -> str | None:
    """Return the place of a ``helm_release`` of Terraform, or of a HelmRelease of the chart flux2.

    None if there is none. The place is FILE:LINE.
    """
    for path in tree.files():
        regex = _CHART if path.endswith(_TERRAFORM) else _FLUX_CHART
        if not path.endswith((*_TERRAFORM, ".yaml", ".yml")):
            continue
        content = tree.read(path) or b""
        if regex is _CHART and _RELEASE.search(content) is None:
            continue
        if b"flux" in content and (found := regex.search(content)) is not None:
            return f"{path}:{content.count(chr(10).encode(), 0, found.start(1)) + 1}"
    return None
