"""Fixtures of the stories that are told with the installed command."""

from __future__ import annotations

from tests.support.fleet import fleet

__all__ = ["fleet"]
