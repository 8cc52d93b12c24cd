"""Shared test set-up: CI turns a skip into a failure, so that nothing goes unproven silently."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from longvid_storage.db.store import Store

# No test measures seconds: a busy machine takes a hundred times as long now and then.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# Where Python is told to keep no compiled modules, each of the hundreds of processes that tests start would compile all
# that it imports: more than half of its time. They are kept in the environment, beside no source.
if sys.dont_write_bytecode and sys.pycache_prefix is None:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix, "pycache"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[object]) -> None:
    """Workers share the processors: torch on as many threads as another worker's waits for those at each step."""
    each = max(1, (os.cpu_count() or 1) // len(specs))
    os.environ.setdefault("OMP_NUM_THREADS", str(each))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store", choices=("sqlite", "postgresql"), default="sqlite", help="Where libraries of tests lie."
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked ``both_stores`` run on SQLite and on PostgreSQL."""
    if (
        metafunc.definition.get_closest_marker("both_stores")
        and metafunc.config.getoption("store") == "sqlite"
    ):
        metafunc.fixturenames.append("_store_kind")
        metafunc.parametrize("_store_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def _store_kind(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", request.config.getoption("store")))


@pytest.fixture(autouse=True)
def _store(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if request.getfixturevalue("_store_kind") == "postgresql":
        from postgres_tools import in_postgres

        in_postgres(monkeypatch, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty library."""
    with Store.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None]:
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI allows no skips: {report.longrepr}"
    return report
