"""A Python file of a user, run as a module: beside its neighbours, and hiding nothing."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from .errors import LoadError

__all__ = ["advice_on", "run_file", "said"]

_ADVICE = {
    "inspect_ai": " It is written for Inspect: install the extra that runs it (pip install 'evalstream[inspect]'), or"
    " import from evalstream.scorers instead.",
    "inspect_scout": " Install it: pip install inspect-scout.",
}

_sibling_folders: dict[str, Path] = {}


def run_file(path: Path, absolute: Path, source: bytes, name: str) -> None:
    """Run a file's source as the module of a name; if it raises, what had that name before has it again.

    Raises
    ------
    LoadError
        It is not Python, or it raised; with the line where that happened.
    """
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise LoadError(path, f"is not Python: {error.msg}" + (f": {line}" if line else ""), error.lineno) from error
    except ValueError as error:
        raise LoadError(path, f"is not Python: {error}") from error
    module = ModuleType(name)
    module.__file__ = str(absolute)
    before = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up
    try:
        with _neighbours(absolute.parent):
            exec(code, module.__dict__)  # noqa: S102 - the operator's own file
    except (Exception, SystemExit) as error:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        number = frames[-1].lineno if frames else None
        raise LoadError(path, f"raised {said(error)}.{advice_on(error)}", number) from error


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Let a file import those beside it while it loads.

    They come after the standard library, so that a neighbour called ``json.py`` hides nothing, and before installed
    packages. Neighbours of a file in another folder, of the same name, are forgotten first.
    """
    for name, other in list(_sibling_folders.items()):
        if other != folder and ((folder / f"{name}.py").is_file() or (folder / name).is_dir()):
            for key in [key for key in sys.modules if key.partition(".")[0] == name]:
                del sys.modules[key]
    before = set(sys.modules)
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    place = next((i for i, entry in enumerate(sys.path) if entry in installed), len(sys.path))
    sys.path.insert(place, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for key in set(sys.modules) - before:
            file = getattr(sys.modules[key], "__file__", None)
            if file and "." not in key and folder in Path(file).parents:
                _sibling_folders[key] = folder


def said(error: BaseException) -> str:
    """Return an error's type and message, as part of a sentence."""
    return f"{type(error).__name__}: {error}".rstrip(": .")


def advice_on(error: BaseException) -> str:
    """Say what to install if a package is missing that we know, as the end of a message; else nothing.

    Examples
    --------
    >>> advice_on(ModuleNotFoundError("no", name="inspect_scout")), advice_on(ValueError())
    (' Install it: pip install inspect-scout.', '')
    """
    missing = (error.name or "") if isinstance(error, ImportError) else ""
    return _ADVICE.get(missing.partition(".")[0], "")
