"""The build of the test cluster's programs."""

from __future__ import annotations

import pytest

from tests.e2e.tools.build import Binaries, build
from tests.e2e.tools.process import BuildError


def test_what_is_built_is_not_built_again(
    binaries: Binaries, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build() == binaries

    assert capsys.readouterr().out == ""


def test_without_go_the_build_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(BuildError, match="install Go"):
        build()
