"""What is built and installed: wheel and sdist, in an empty environment in another folder."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"understudy", "understudy_harness", "understudy_data"}


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


def test_the_wheel_holds_the_three_packages_and_their_data(built: Path) -> None:
    """And nothing else at its top."""
    [wheel] = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == PACKAGES
    style = "understudy_harness/reports/matrix/style.css"
    for name in ("understudy_data/models.toml", "understudy/py.typed", "understudy_data/conformance/", style):
        assert any(each.startswith(name) for each in names), name


def test_the_wheel_holds_the_drivers_in_all_languages(built: Path) -> None:
    """Also those that Python would not look for: scripts, sources, lists of packages."""
    [wheel] = built.glob("*.whl")
    folder = ROOT / "harness/understudy_harness/conformance/drivers"
    shipped = {file.relative_to(ROOT / "harness").as_posix() for file in folder.rglob("*") if file.is_file()}
    shipped = {name for name in shipped if not name.endswith(".pyc")}
    assert {Path(name).suffix for name in shipped} >= {".py", ".mjs", ".toml", ".go", ".mod", ".java", ".rs"}
    assert shipped <= set(zipfile.ZipFile(wheel).namelist())


def test_the_sdist_can_be_built_from(built: Path) -> None:
    """It holds source, data, tests and docs."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "tests/conftest.py", "docs/architecture.md"} <= names


def test_the_wheel_answers_in_an_empty_environment_in_another_folder(built: Path, tmp_path: Path) -> None:
    """Without extras: a data file is read, a request is answered, the command runs, what is missing says so."""
    [wheel] = built.glob("*.whl")
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel, cwd=tmp_path)
    script = tmp_path / "script.py"
    script.write_text(
        "import json, urllib.error, urllib.request\n"
        "from understudy import MockServer\n"
        "from understudy_data import toml\n"
        "assert toml('models.toml')['models']['gpt-4o']\n"
        "def ask(server, path, body):\n"
        "    request = urllib.request.Request(server.base_url + path, json.dumps(body).encode(),\n"
        "        {'Authorization': 'Bearer sk-wheel', 'Content-Type': 'application/json'})\n"
        "    try:\n"
        "        return json.load(urllib.request.urlopen(request))\n"
        "    except urllib.error.HTTPError as refused:\n"
        "        return json.load(refused)\n"
        "with MockServer() as server:\n"
        "    chat = {'model': 'gpt-4o', 'messages': [{'role': 'user', 'content': 'Say wheel'}]}\n"
        "    print(ask(server, '/chat/completions', chat)['choices'][0]['message']['content'])\n"
        "    picture = {'model': 'gpt-image-1-mini', 'prompt': 'a cat'}\n"
        "    print(ask(server, '/images/generations', picture)['error']['message'])\n",
        encoding="utf-8",
    )
    said = run(python, script, cwd=tmp_path).splitlines()
    assert said == ["Wheel", "Pictures need the extra 'images': pip install 'understudy[images]'."]
    assert run(python, "-m", "understudy", "--version", cwd=tmp_path).strip().endswith("0.1.0")
