"""Fetch the pinned browser files into hub/web/static/vendor and write VENDORED.md beside them.

Run it by hand after changing a version or the list of icons: ``python tools/vendor_static.py``.
It needs npm (to download) and nothing else; the result is committed, so nobody who only runs or
tests Koppel ever needs it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "hub" / "web" / "static"
VENDOR = STATIC / "vendor"

# package, version, licence, {file in the package: file here}
PACKAGES: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    (
        "@tabler/core",
        "1.6.1",
        "MIT",
        {"dist/css/tabler.min.css": "tabler/tabler.min.css"},
    ),
    (
        "htmx.org",
        "2.0.11",
        "0BSD",
        {"dist/htmx.min.js": "htmx/htmx.min.js", "LICENSE": "htmx/LICENSE"},
    ),
    (
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {
            "files/inter-latin-wght-normal.woff2": "inter/inter-latin.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "inter/inter-latin-ext.woff2",
            "LICENSE": "inter/LICENSE",
        },
    ),
    ("@tabler/icons", "3.51.0", "MIT", {"LICENSE": "tabler-icons/LICENSE"}),
)

# Only what a template or koppel.js uses; a name that is missing here shows as an empty square.
ICONS = """
address-book adjustments alert-octagon alert-triangle arrow-back-up arrow-left arrow-right
arrows-exchange ban book bolt box building-community building-store building-warehouse
calculator calendar
cash-register chart-bar check checklist chevron-down chevron-left chevron-right circle-check
circle-dashed circle-plus clock-hour-4 cloud-off copy database device-desktop download equal
external-link eye file-invoice filter help-circle hand-stop history home-2 inbox info-circle key
link list-search loader-2 lock logout mail menu-2 moon package pencil player-pause player-play
player-skip-forward plug-connected plug-connected-x plus puzzle receipt-2 refresh rocket
route search send settings shield-lock shopping-cart stack-2 sun trash user user-square-rounded
users wand world x
"""


def fetch(package: str, version: str, into: Path) -> Path:
    """Download one package with npm and return the folder that it was unpacked in."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package}@{version}"],
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[-1]
    folder = into / packed.removesuffix(".tgz")
    with tarfile.open(into / packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def sprite(icons: Path) -> str:
    """One SVG file with a <symbol> per icon, to be used as icons.svg#name."""
    symbols = []
    for name in sorted(set(ICONS.split())):
        svg = (icons / f"{name}.svg").read_text(encoding="utf-8")
        inner = re.sub(r".*?<svg.*?>|</svg>", "", svg, flags=re.S)
        inner = re.sub(r"\s+", " ", re.sub(r'<path stroke="none"[^>]*/>', "", inner)).strip()
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
            f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{inner}</symbol>'
        )
    head = "<!-- Made by tools/vendor_static.py from @tabler/icons (MIT). -->"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg">' + head + "\n" + "\n".join(symbols) + "</svg>\n"
    )


def main() -> None:
    made: list[tuple[str, str, str, Path]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for package, version, licence, files in PACKAGES:
            source = fetch(package, version, Path(scratch))
            for there, here in files.items():
                target = VENDOR / here
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / there, target)
                made.append((package, version, licence, target))
            if package == "@tabler/icons":
                target = VENDOR / "tabler-icons" / "icons.svg"
                target.write_text(sprite(source / "icons" / "outline"), encoding="utf-8")
                made.append((package, version, licence, target))
            if package == "@tabler/core":
                # The package carries no LICENSE file, only a header; the text is kept here.
                made.append((package, version, licence, VENDOR / "tabler" / "LICENSE"))
    lines = [
        "# Vendored browser files",
        "",
        "Made by `tools/vendor_static.py`; nothing is loaded from another server.",
        "`icons.svg` holds only the icons that are used; the rest is byte for byte as published.",
        "",
        "| package | version | licence | file | sha256 |",
        "|---|---|---|---|---|",
    ]
    for package, version, licence, target in made:
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        lines.append(
            f"| {package} | {version} | {licence} | `{target.relative_to(STATIC)}` | `{digest}` |"
        )
    (STATIC / "VENDORED.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
