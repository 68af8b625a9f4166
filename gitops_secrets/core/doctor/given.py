"""What a check is given."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from gitops_secrets.core.flux.pulls.secrets import Keys
from gitops_secrets.core.flux.view import View


class Given(NamedTuple):
    """A repository as it stands, and what else a check may need."""

    view: View
    keys: Keys
    """The registry keys of the pull Secrets that could be opened."""
    now: dt.datetime
    """When the checks run, with a time zone."""
