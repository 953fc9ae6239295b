import subprocess
import sys
from importlib.metadata import version

import pytest

import understudy


def test_the_version_is_the_distributions() -> None:
    """It is written in two places, which must agree."""
    assert understudy.__version__ == version("understudy")


def test_public_names_are_a_sorted_list_that_can_be_imported() -> None:
    """Each of them from `understudy` itself."""
    assert understudy.__all__ == sorted(understudy.__all__)
    for name in understudy.__all__:
        assert getattr(understudy, name) is not None
    assert set(understudy.__all__) <= set(dir(understudy))


def test_an_unknown_name_is_no_attribute() -> None:
    """Said in Python's own words."""
    with pytest.raises(AttributeError, match="module 'understudy' has no attribute 'MokServer'"):
        _ = understudy.MokServer  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_heavy() -> None:
    """A test run that never uses Understudy pays next to nothing for having it installed."""
    script = "import sys, understudy; print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    for heavy in ("fastapi", "uvicorn", "msgspec", "click", "websockets", "asyncio", "understudy.config"):
        assert f"'{heavy}'" not in modules


def test_the_command_line_imports_no_server_before_it_serves() -> None:
    """Help, a wrong setting and the version do not wait for the server's libraries, nor for the harness."""
    script = (
        "import sys, understudy.cli as cli; cli.main(['serve', '--help']); print(sorted(sys.modules), file=sys.stderr)"
    )
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stderr
    for heavy in ("fastapi", "uvicorn", "websockets", "understudy_harness", "importlib.metadata"):
        assert f"'{heavy}'" not in modules


def test_serving_imports_no_fastapi_before_a_control_call() -> None:
    """Its import takes most of a second; the API's own paths do without."""
    script = "import sys, understudy; understudy.MockServer().start().stop(); print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    for heavy in ("fastapi", "starlette", "trustme", "PIL", "numpy", "splintr"):
        assert f"'{heavy}'" not in modules
