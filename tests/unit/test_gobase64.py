"""Base64 as Go's decoder reads it; what it says of each text here was seen in Go."""

from __future__ import annotations

import pytest

from gitops_secrets.core.registry.gobase64 import decode_auth, decode_base64

REFUSED = None


@pytest.mark.parametrize(
    ("value", "data", "auth"),
    [
        ("", b"", b""),
        ("dTpw", b"u:p", b"u:p"),
        ("dTpwYQ==", b"u:pa", b"u:pa"),
        ("dTpwYQ", REFUSED, b"u:pa"),
        ("dTpwYWI", REFUSED, b"u:pab"),
        ("dTpwYQ=", REFUSED, REFUSED),
        ("dTpwYQ==\n", b"u:pa", b"u:pa"),
        ("dTpw\r\nYQ=\n=", b"u:pa", b"u:pa"),
        ("\ndT\npw", b"u:p", b"u:p"),
        ("dTpw YQ==", REFUSED, REFUSED),
        ("dTpw\tYQ==", REFUSED, REFUSED),
        ("dTpwYQ== ", REFUSED, REFUSED),
        ("dTpwYQ==dTpw", REFUSED, REFUSED),
        ("dTpwYQ===", REFUSED, REFUSED),
        ("dTpwY", REFUSED, REFUSED),
        ("dTpwYR==", b"u:pa", b"u:pa"),
        ("dTp_", REFUSED, REFUSED),
        ("dTp\u0661", REFUSED, REFUSED),
    ],
)
def test_it_is_what_go_makes_of_it(value: str, data: bytes | None, auth: bytes | None) -> None:
    for decode, expected in ((decode_base64, data), (decode_auth, auth)):
        if expected is None:
            with pytest.raises(ValueError, match=r"^$"):
                decode(value)
        else:
            assert decode(value) == expected
