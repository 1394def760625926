"""The documentation says what there is, all of it, and nothing that is not there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
import yaml

import hub.sdk
from hub.cli import koppel
from hub.config import SETTINGS as ENVIRONMENT
from hub.engine import forms
from hub.mapping.rules import is_document_path
from hub.mapping.settings import SETTINGS as PER_DOCUMENT
from hub.mapping.transforms import TRANSFORMS
from hub.model import DOCUMENTS, field_paths
from hub.sdk import Form, hookspecs
from hub.store.settings import SETTINGS as OVERALL
from hub.web import docs as manual
from hub.web.markdown import anchor, rendered
from tools import docs
from tools.docparts import requirements
from tools.docparts.cli import commands
from tools.docparts.config import KINDS
from tools.docparts.sources import ROOT, Sources

DOCS = ROOT / "docs"
INTERNAL = {"KOPPEL_SUPERVISOR_PID", "KOPPEL_STOP_WITH_PARENT", "KOPPEL_LISTEN_FD", "KOPPEL_GO_FD"}
"""Variables that the hub's processes tell each other; nobody sets them."""
MOST_BYTES = 1_500_000
HEAVY = {".git", ".venv", "node_modules", "koppel-data", ".pytest_cache", ".hypothesis"}


@cache
def sources() -> Sources:
    return Sources.load()


@cache
def text(name: str) -> str:
    """A page of the documentation."""
    return (DOCS / name).read_text(encoding="utf-8")


@cache
def section(name: str, heading: str) -> str:
    """What stands below a heading of a page, up to the next of its level or above."""
    level, found = 0, []
    for line in text(name).splitlines():
        match = re.match(r"(#+) (.*)", line)
        if match and level and len(match[1]) <= level:
            break
        if match and not level and match[2].replace("`", "") == heading:
            level = len(match[1])
        if level:
            found.append(line)
    assert found, f"docs/{name} has no heading {heading!r}"
    return "\n".join(found)


def markdown_files() -> list[Path]:
    """Every Markdown file of the repository."""
    return sorted(p for p in ROOT.rglob("*.md") if not HEAVY & set(p.relative_to(ROOT).parts))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# -- what the code says ---------------------------------------------------------------------------


def test_the_generated_parts_say_what_the_code_says() -> None:
    stale = [shown(path) for path in docs.stale(sources())]
    assert stale == [], "run `make docs`"


def test_a_part_without_a_place_and_a_place_without_a_part_are_told() -> None:
    with pytest.raises(docs.DocsProblem, match="no place for 'tables'"):
        docs.filled("config.md", "# Words only", {"tables": "a table"})
    with pytest.raises(docs.DocsProblem, match="nothing writes the part 'tables'"):
        docs.filled("config.md", docs.mark("tables"), {})


def test_what_is_written_by_hand_stays() -> None:
    before = f"by hand\n\n{docs.mark('a')}\n\nby hand too\n"
    after = docs.filled("config.md", before, {"a": "new"})
    assert after == "by hand\n\n<!-- begin: a -->\n\nnew\n\n<!-- end: a -->\n\nby hand too\n"
    assert docs.filled("config.md", after, {"a": "new"}) == after


# -- nothing is left out --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_is_documented_with_each_of_its_options(name: str) -> None:
    command = dict(commands())[name]
    said = section("cli.md", f"koppel {name}")
    missing = [
        option
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in parameter.opts
        if option not in said
    ]
    assert missing == []
    assert (command.get_short_help_str(200).rstrip(".")) in said.replace("\n", " ")


@pytest.mark.parametrize(
    "name", [n for n, c in commands() if any("--json" in p.opts for p in c.params)]
)
def test_every_command_with_json_shows_its_shape(name: str) -> None:
    assert "```json" in section("cli.md", f"koppel {name}")


def test_every_exit_code_is_documented() -> None:
    from hub.cli import base

    codes = (base.FINE, base.SOME_FAILED, base.WRONG, base.NO_CONNECTION, base.ALREADY_RUNNING)
    said = section("cli.md", "Exit codes")
    assert [c for c in (*codes, base.OUR_FAULT) if f"| `{c}` |" not in said] == []
    assert str(base.STOPPED) in said


def test_every_variable_of_the_environment_is_documented() -> None:
    used = {setting.name for setting in ENVIRONMENT}
    for file in (ROOT / "hub").rglob("*.py"):
        used |= set(re.findall(r"[\"'](KOPPEL_[A-Z_]+[A-Z])[\"']", file.read_text("utf-8")))
    said = text("operations.md")
    assert sorted(name for name in used - INTERNAL if name not in said) == []


def test_every_overall_setting_is_documented() -> None:
    said = section("config.md", "Settings of the hub")
    assert [s.name for s in OVERALL if f"| `{s.name}` |" not in said] == []


def every_form() -> Iterator[tuple[str, str, type[Form]]]:
    """Page, heading and form, for all that anything asks."""
    for kind, form in PER_DOCUMENT.items():
        yield "config.md", f"Settings of {KINDS[kind]}", form
    for system in sources().systems:
        page = f"systems/{system.name}.md"
        yield page, "Credentials", system.credentials
        yield "config.md", f"Credentials of {system.name}", system.credentials
        if system.settings.model_fields:
            yield page, "Settings of the connection", system.settings
            yield "config.md", f"Connection settings of {system.name}", system.settings
        for kind in system.entities:
            entity, title = kind(), f"{kind.title} ({kind.name})"
            if entity.can("read"):
                yield page, title, kind.filter
                yield "config.md", f"Filter of {system.name}: {kind.name}", kind.filter
            if entity.can("create"):
                yield page, title, kind.settings
                yield "config.md", f"Settings of {system.name}: {kind.name}", kind.settings


def test_every_setting_of_every_form_is_documented() -> None:
    """O51: whatever a form asks stands in the config reference and on the system's page."""
    missing = []
    for page, heading, form in every_form():
        said = section(page, heading)
        for field in forms.fields(form):
            if f"| `{field['name']}` | **{field['label']}**" not in said:
                missing.append(f"{page}, {heading}: {field['name']}")
    assert missing == []


def test_every_field_of_a_form_says_what_it_is() -> None:
    nameless = [
        f"{form.__name__}.{field['name']}"
        for _, _, form in every_form()
        for field in forms.fields(form)
        if field["label"] == field["name"]
    ]
    assert nameless == []


def test_every_key_of_a_connection_a_flow_and_a_rule_is_documented() -> None:
    from hub.engine.configfile.reading import CONNECTION, FLOW, TOP
    from hub.mapping.rule import _KEYS

    for heading, keys in (
        ("At the top", TOP),
        ("A connection", CONNECTION),
        ("A flow", FLOW),
        ("Rules", _KEYS),
    ):
        said = section("config.md", heading)
        assert [key for key in keys if f"| `{key}` |" not in said] == [], heading


def test_every_system_has_a_page_that_says_what_it_couples() -> None:
    for system in sources().systems:
        said = text(f"systems/{system.name}.md")
        assert said.startswith(f"# {system.title}\n")
        assert system.setup.strip() in said
        for kind in system.entities:
            assert f"| `{kind.name}` | {kind.title} |" in said
            paths = [field.path for field in kind.fields if f"`{field.path}`" not in said]
            assert paths == []
        assert [x.name for x in system.lookups if f"| `{x.name}` |" not in said] == []
        assert f"(systems/{system.name}.md)" in text("index.md")


def test_every_transform_is_documented_with_arguments_and_examples() -> None:
    for name, transform in TRANSFORMS.items():
        said = section("transforms.md", name)
        assert transform.help.split("\n")[0] in said
        assert [a.name for a in transform.arguments if f"| `{a.name}` |" not in said] == [], name
        assert said.count("\n| `") >= len(transform.arguments) + len(transform.examples), name


def test_every_hook_is_documented() -> None:
    said = section("plugins.md", "Hooks")
    hooks = [name for name, f in vars(hookspecs).items() if hasattr(f, "koppel_spec")]
    assert len(hooks) > 5
    assert [name for name in hooks if f"`{name}(" not in said] == []


def test_everything_that_plugins_may_import_is_in_their_manual() -> None:
    said = text("plugins.md")
    missing = [name for name in hub.sdk.__all__ if not re.search(rf"\b{name}\b", said)]
    assert missing == []


@pytest.mark.parametrize("kind", list(DOCUMENTS))
def test_every_field_of_a_document_is_documented(kind: str) -> None:
    document = DOCUMENTS[kind]
    said = section("plugins.md", "Documents")
    for path in field_paths(document):
        name = path.rstrip("[]").rpartition(".")[2]
        assert f"| `{name}` |" in said, path
        assert is_document_path(path, document)


# -- nothing is said that is not so ---------------------------------------------------------------


def links(path: Path) -> Iterator[tuple[str, str]]:
    """Text and target of every link and image, code left out."""
    plain = re.sub(r"```.*?```|~~~.*?~~~", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    plain = re.sub(r"^    .*$", "", plain, flags=re.MULTILINE)
    plain = re.sub(r"``.*?``|`[^`\n]*`", "", plain)
    for match in re.finditer(r"\[([^\]]*)\]\(([^)\s]+)\)", plain):
        yield match[1], match[2]


@cache
def anchors(path: Path) -> frozenset[str]:
    plain = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    used: set[str] = set()
    for match in re.finditer(r"^#{1,6} (.*)$", plain, flags=re.MULTILINE):
        anchor(match[1], used)
    return frozenset(used)


@pytest.mark.parametrize("path", markdown_files(), ids=shown)
def test_every_link_and_every_picture_leads_somewhere(path: Path) -> None:
    broken = []
    for _, target in links(path):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, place = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        lost = place and there.suffix == ".md" and there.exists() and place not in anchors(there)
        if not there.exists() or lost:
            broken.append(target)
    assert broken == []


def test_every_picture_says_what_it_shows_and_is_shown_somewhere() -> None:
    used = set()
    for path in markdown_files():
        for match in re.finditer(r"!\[([^\]]*)\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            assert len(match[1]) > 5, f"{shown(path)}: {match[2]} needs words for who cannot see it"
            used.add((path.parent / match[2]).resolve())
    pictures = {p.resolve() for p in (DOCS / "images").iterdir()}
    assert pictures - used == set()
    assert sum(p.stat().st_size for p in pictures) < MOST_BYTES


def code(path: Path) -> Iterator[str]:
    """Lines of code blocks, and what stands between backticks."""
    whole = path.read_text(encoding="utf-8")
    for block in re.findall(r"```(?:sh|bash|console)?\n(.*?)```", whole, flags=re.DOTALL):
        yield from block.splitlines()
    plain = re.sub(r"```.*?```", "", whole, flags=re.DOTALL)
    yield from re.findall(r"^    (.*)$", plain, flags=re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", plain)


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = {
        (shown(path), match[1])
        for path in markdown_files()
        for line in code(path)
        if (match := re.match(r"(?:git pull && )?make ([a-z-]+)", line.strip()))
    }
    assert ("README.md", "up") in named
    assert {(file, target) for file, target in named if target not in targets} == set()


def test_every_command_that_is_named_exists_with_its_options() -> None:
    known = dict(commands())
    groups = {name.partition(" ")[0] for name in known if " " in name}
    wrong, seen = [], 0
    for path in markdown_files():
        for line in code(path):
            found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*koppel ([a-z].*)", line.strip())
            if not found or re.match(r"koppel (is|runs)\b", line.strip()):
                continue
            words = shlex.split(found[1].partition(" #")[0].partition(" | ")[0].split(" && ")[0])
            name = " ".join(words[: 2 if words[0] in groups else 1]).rstrip(":")
            if words[0] in groups and ("/" in name or len(words) == 1):
                continue  # "user add/list/remove"
            command, seen = known.get(name), seen + 1
            if command is None:
                wrong.append(f"{shown(path)}: koppel {found[1]}")
                continue
            options = {o for p in command.params for o in p.opts} | {"--help"}
            for word in words:
                if word.startswith("--") and word.partition("=")[0].rstrip("…,") not in options:
                    wrong.append(f"{shown(path)}: koppel {found[1]}: {word}")
    assert wrong == []
    assert seen > 30


def test_every_file_that_the_architecture_names_exists() -> None:
    said = text("architecture.md")
    files = set(
        re.findall(r"`((?:engine|store|mapping|sdk|web|cli|model|testing)/[a-z_/]+\.py)`", said)
    )
    files |= set(re.findall(r"`((?:tests|docs|tools|benchmarks)/[a-z_/]+\.[a-z]+)`", said))
    assert len(files) > 8
    roots = (ROOT, ROOT / "hub")
    assert sorted(f for f in files if not any((root / f).is_file() for root in roots)) == []


def test_the_tree_of_the_architecture_is_the_tree() -> None:
    tree = section("architecture.md", "Tree")
    inside = re.findall(r"^      ([a-z_]+)/ ", tree, flags=re.MULTILINE)
    outside = re.findall(r"^    ([a-z_]+)/ ", tree, flags=re.MULTILINE)
    assert len(inside) > 6
    assert [name for name in inside if not (ROOT / "hub" / name).is_dir()] == []
    assert [name for name in outside if not (ROOT / name).is_dir()] == []
    packages = {p.parent.name for p in (ROOT / "hub").glob("*/__init__.py")}
    assert packages - set(inside) == set(), "a folder of hub/ that the tree does not name"


def test_a_word_is_in_the_glossary_once() -> None:
    words = re.findall(r"^\| \*\*([^*]+)\*\*", section("architecture.md", "Words"), re.MULTILINE)
    assert len(words) > 20
    assert sorted(words) == sorted(set(words))


# -- the manual inside the hub --------------------------------------------------------------------


def test_the_hub_shows_every_chapter_and_every_link_in_it_leads_somewhere() -> None:
    chapters = list(manual._chapters())
    assert chapters[:3] == ["index", "manual", "orders"]
    assert {"systems/ccvshop", "systems/exact_globe"} < set(chapters)
    pages = {name: str(rendered(manual._text(name), anchors=True)) for name in chapters}
    broken = []
    for name, page in pages.items():
        assert "<!--" not in page
        assert "&lt;!--" not in page
        for target in re.findall(r'(?:href|src)="([^"]+)"', page):
            chapter, _, place = target.removeprefix("/manual/").partition("#")
            if target.startswith("/manual/files/"):
                good = (manual.folder() / target.removeprefix("/manual/files/")).is_file()
            elif target.startswith("/manual/"):
                good = chapter in pages and (not place or f'id="{place}"' in pages[chapter])
            else:
                good = target.startswith(("http", "#")) and (
                    target[0] != "#" or f'id="{target[1:]}"' in page
                )
            if not good:
                broken.append(f"{name}: {target}")
    assert broken == []


# -- requirements ---------------------------------------------------------------------------------


def rows() -> list[requirements.Row]:
    return [row for group in requirements.groups() for row in group.rows]


def test_every_row_stands_once_and_says_how_far_it_is() -> None:
    ids = [row.id for row in rows()]
    assert sorted(ids) == sorted(set(ids))
    assert {row.state for row in rows()} <= {"done", "partly", "nothing to test"}
    assert [row.id for row in rows() if row.state == "partly" and not row.note] == []


def test_every_row_that_is_done_has_a_test_and_a_page() -> None:
    proofs = requirements.proven()
    unproven = [r.id for r in rows() if r.state == "done" and not (proofs.get(r.id) or r.tests)]
    assert unproven == []
    assert [r.id for r in rows() if r.state == "done" and not r.docs] == []


def test_every_test_that_a_row_lists_exists() -> None:
    names = {node.rpartition("::")[2] for node in requirements.tests()}
    assert [f"{r.id}: {t}" for r in rows() for t in r.tests if t not in names] == []


def test_every_row_that_a_test_names_is_known() -> None:
    """A test may be ahead of the list only for rows that the list leaves out on purpose."""
    known = {row.id for row in rows()}
    data = yaml.safe_load((DOCS / "requirements.yaml").read_text(encoding="utf-8"))
    assert set(data) == {group.title for group in requirements.groups()}
    assert sorted(set(requirements.proven()) - known) == []


def test_the_command_line_and_its_help_agree_on_the_commands() -> None:
    context = click.Context(koppel, info_name="koppel")
    assert {name.partition(" ")[0] for name, _ in commands()} == set(koppel.list_commands(context))
