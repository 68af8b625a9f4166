"""x."""

from __future__ import annotations

from tests.field.layout import Layout

LAYOUTS: dict[str, Layout] = {}
