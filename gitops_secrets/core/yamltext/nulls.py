"""What YAML takes for null. Imported by what has no parser yet."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import yaml

NULL = "tag:yaml.org,2002:null"
NULLS = ("", "~", "null", "Null", "NULL")


def is_null(node: yaml.Node) -> bool:
    """Return whether *node* is null: not for its tag alone, since what is tagged so can be read all the same."""
    return node.tag == NULL and node.value in NULLS
