"""All situations of this tier, by the cluster that they need."""

from __future__ import annotations

from tests.e2e.hints import of_apply, of_flux

TABLE = (*of_apply.SITUATIONS, *of_flux.SITUATIONS)
