"""The JSON documents that commands print, held against the schemas that the package ships."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema

from gitops_secrets.report.document import VERSIONS

SCHEMAS = files("gitops_secrets.report") / "schemas"


def schema(name: str) -> Any:
    """The schema of the document *name*."""
    return json.loads((SCHEMAS / f"{name}-{VERSIONS[name]}.json").read_text())


def read(name: str, printed: str) -> Any:
    """The document *name* in *printed*; raises jsonschema.ValidationError for one that is not as its schema says."""
    document = json.loads(printed)
    jsonschema.validate(document, schema(name))
    return document
