"""All situations of this tier."""

from __future__ import annotations

from tests.system.hints import of_programs, of_registries, of_rotation, of_signatures, of_vendors

TABLE = (
    *of_registries.SITUATIONS,
    *of_rotation.SITUATIONS,
    *of_vendors.SITUATIONS,
    *of_programs.SITUATIONS,
    *of_signatures.SITUATIONS,
)
