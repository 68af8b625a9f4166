"""All situations of this tier, by the cluster that they need."""

from __future__ import annotations

from tests.e2e.hints import of_apply, of_flux, of_objects

OF_GROUND = (*of_apply.SITUATIONS, *of_objects.SITUATIONS)
OF_FLUX = of_flux.SITUATIONS
TABLE = (*OF_GROUND, *OF_FLUX)
