"""What of an order is kept in the log, and what is not."""

from __future__ import annotations

from hub.store import payloads
from hub.store.settings import set_setting

from .conftest import Bench


def kept(bench: Bench, entry: int) -> set[str]:
    """The parts of a record that the log holds."""
    with bench.hub.database.session() as session:
        return set(payloads.read(session, bench.hub.vault, entry))


def test_g31_without_contents_the_log_says_how_each_record_ended_and_no_more(bench: Bench) -> None:
    set_setting(bench.hub.database, "keep_payloads", False)
    bench.place("unknown_sku")
    told = bench.run()
    assert (told["created"], told["blocked"]) == (12, 1)
    assert all(entry["reference"] and entry["outcome"] for entry in told["entries"])
    assert [kept(bench, entry["entry"]) for entry in told["entries"]] == [set()] * 13


def test_g18_g31_with_contents_the_log_holds_all_four_stages(bench: Bench) -> None:
    told = bench.run()
    stages = {"received", "understood", "pushed", "answered"}
    assert all(stages <= kept(bench, entry["entry"]) for entry in told["entries"])
