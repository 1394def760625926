"""Writes a new plugin: small, complete, and passing the contract from its first minute."""

from __future__ import annotations

from pathlib import Path

from hub.declarations import NAME
from hub.sdk import ConfigurationError

_FILES = Path(__file__).resolve().parent / "files"
_ENDING = ".txt"  # so that no tool takes the templates for code


def write(name: str, into: Path) -> tuple[Path, list[Path]]:
    """Make the folder of a plugin for the system *name*; gives the folder and its files.

    Raises ConfigurationError when the name cannot be used or the folder is there.
    """
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name[:80]!r} cannot be the name of a system: use lower-case letters, digits and _, "
            "starting with a letter, such as my_shop."
        )
    folder = into / f"koppel-{name.replace('_', '-')}"
    if folder.exists():
        raise ConfigurationError(f"{folder} is there already; give another name or --into.")
    words = {
        "@NAME@": name,
        "@TITLE@": name.replace("_", " ").title(),
        "@PACKAGE@": f"koppel_{name}",
        "@DISTRIBUTION@": folder.name,
        "@CLASS@": "".join(part.title() for part in name.split("_")),
    }
    written = []
    try:
        for source in sorted(_FILES.rglob(f"*{_ENDING}")):
            text = source.read_text(encoding="utf-8")
            for word, meaning in words.items():
                text = text.replace(word, meaning)
            inside = str(source.relative_to(_FILES)).removesuffix(_ENDING)
            target = folder / inside.replace("package/", f"{words['@PACKAGE@']}/", 1)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            written.append(target)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.") from error
    return folder, written


__all__ = ["write"]
