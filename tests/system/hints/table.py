"""All situations of this tier, and those that need its servers."""

from __future__ import annotations

from tests.system.hints import (
    of_installing,
    of_programs,
    of_registries,
    of_rotation,
    of_signatures,
    of_vendors,
)

OF_SERVERS = (
    *of_registries.SITUATIONS,
    *of_rotation.SITUATIONS,
    *of_vendors.SITUATIONS,
    *of_programs.SITUATIONS,
    *of_signatures.SITUATIONS,
)
TABLE = (*OF_SERVERS, *of_installing.SITUATIONS)
