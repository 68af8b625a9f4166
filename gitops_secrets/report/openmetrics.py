"""Figures in the text format of OpenMetrics 1.0, for a monitoring system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.report.words import plain


class Sample(NamedTuple):
    """One figure."""

    labels: Mapping[str, str]
    value: float


class Gauge(NamedTuple):
    """What is measured, and its figures."""

    name: str
    help: str
    samples: Sequence[Sample]
    unit: str = ""
    """The last word of the name, if the figures have a unit."""


def render_openmetrics(gauges: Sequence[Gauge]) -> list[str]:
    """Return the lines of *gauges* as one exposition, with the line that ends it."""
    return [*(line for gauge in gauges for line in _lines(gauge)), "# EOF"]


def _lines(gauge: Gauge) -> list[str]:
    lines = [f"# TYPE {gauge.name} gauge"]
    if gauge.unit:
        lines.append(f"# UNIT {gauge.name} {gauge.unit}")
    lines.append(f"# HELP {gauge.name} {_escaped(gauge.help)}")
    return lines + [
        f"{gauge.name}{{{_labels(sample.labels)}}} {sample.value!r}" for sample in gauge.samples
    ]


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return plain(text).replace("\\", "\\\\").replace('"', '\\"')
