"""The commands of README.md and docs/ that are not run here, each with the reason, by page."""

from __future__ import annotations

NOT_RUN = {
    "it runs the tests or the demonstration of a clone of this project, as .ci/run does": (
        ("README.md", "make demo"),
        ("README.md", "make test"),
    ),
    "it is an example of what the guard finds, and no command to type": (
        ("docs/rules.md", "docker login -u robot -p 8sZk... ghcr.io"),
    ),
}
"""Why they are not run, and their pages and texts."""
