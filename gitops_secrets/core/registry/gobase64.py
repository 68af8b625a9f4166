"""Base64 as Go decodes it, which is how the API server and the kubelet read it.

Line breaks are passed over, wherever they stand, and nothing else is: no blank, no tab. Padding has to be
there, or, in an ``auth`` alone, may be missing altogether (Kubernetes, pkg/credentialprovider/config.go).
"""

from __future__ import annotations

import base64
import re

_PADDED = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_LINE_BREAKS = {ord("\n"): None, ord("\r"): None}


def decode_base64(value: str) -> bytes:
    """Return what *value*, of a Secret's ``data``, encodes. Raises ValueError if Go refuses it."""
    value = value.translate(_LINE_BREAKS)
    if not _PADDED.fullmatch(value):
        raise ValueError
    return base64.b64decode(value)


def decode_auth(value: str) -> bytes:
    """Return what *value*, an ``auth`` of a docker config, encodes. Raises ValueError if the kubelet refuses it."""
    if value.strip().endswith("="):
        return decode_base64(value)
    value = value.translate(_LINE_BREAKS)
    return decode_base64(value + "=" * (-len(value) % 4))
