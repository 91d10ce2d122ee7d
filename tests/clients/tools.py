"""Where the installed tools are, and the one way to run them: `tests/run` installs, this finds."""

import os
import subprocess
from pathlib import Path

TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or Path(__file__).parents[2] / "target").resolve()


def tool(environment: str, program: str) -> str:
    """The path of a program in the virtual environment that `tests/run` made for it."""
    path = TARGET / "venv" / environment / "bin" / program
    assert path.exists(), f"{path} is missing: run tests/run clients, which installs it"
    return str(path)


def node_modules() -> Path:
    return TARGET / "npm" / "node_modules"


class ToolFailed(Exception):
    """A client ended with an error; the text is all that it printed."""


def run(command: list[str], environment: dict[str, str], standard_input: bytes | None = None) -> bytes:
    """Run a client to its end and return its standard output; its failure is ours."""
    done = subprocess.run(command, env=environment, input=standard_input, capture_output=True, timeout=240, check=False)
    if done.returncode != 0:
        said = (done.stdout[-4000:] + b"\n" + done.stderr[-4000:]).decode(errors="replace")
        raise ToolFailed(f"{Path(command[0]).name} ended with {done.returncode}: {said}")
    return done.stdout
