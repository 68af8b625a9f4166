"""How registries are asked about credentials, and what was found out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gitops_secrets.core.registry.limits import Allowance
from gitops_secrets.core.registry.realm import Trust
from gitops_secrets.core.registry.verdict import Judgement


class Means(NamedTuple):
    """How registries are asked."""

    trust: Trust = Trust()
    ca_file: Path | None = None
    patience: float = 30.0
    """Seconds for one registry."""


class Proof(NamedTuple):
    """What was found out about one credential."""

    key: str
    user: str
    image: str | None
    """The image that was asked for; None if none is known."""
    judgement: Judgement
    words: str = ""
    """What this machine says about it: of TLS, of the network, of a wait, or the host of a realm."""
    realm_is_private: bool = False
    """Whether Flux's own library refuses the realm that nodes take, for its address."""

    allowance: Allowance | None = None
    """The pulls that the registry says are left, for this credential if it was asked with it."""

    @property
    def is_good(self) -> bool:
        """Whether the credential was seen to be accepted."""
        return self.judgement.is_good
