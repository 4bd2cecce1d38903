"""Which logs are set aside after which deaths, and for how long."""

from __future__ import annotations

import pytest

from metrics_exporter.suspects import DEATHS, SET_ASIDE_SECONDS, Suspects


@pytest.fixture
def suspects() -> Suspects:
    return Suspects()


def die(suspects: Suspects, log: str | None, now: float = 0.0) -> str | None:
    """A new worker comes to the log, and dies there."""
    suspects.reads("first")
    suspects.reads(log)
    return suspects.died(now)


def test_so_many_deaths_in_a_row_and_a_log_is_set_aside_for_a_while(suspects: Suspects) -> None:
    assert [die(suspects, "a") for _ in range(DEATHS)] == [None] * (DEATHS - 1) + ["a"]
    assert suspects.set_aside(SET_ASIDE_SECONDS - 1) == {"a"}
    assert suspects.set_aside(SET_ASIDE_SECONDS) == frozenset()


def test_the_next_death_after_it_sets_it_aside_again(suspects: Suspects) -> None:
    for _ in range(DEATHS):
        die(suspects, "a")
    assert die(suspects, "a", SET_ASIDE_SECONDS + 1) == "a"


def test_deaths_of_several_logs_are_counted_apart(suspects: Suspects) -> None:
    for log in ("a", "b") * (DEATHS - 1):
        assert die(suspects, log) is None
    assert die(suspects, "b") == "b"


def test_a_log_that_was_read_to_its_end_starts_from_none(suspects: Suspects) -> None:
    for _ in range(DEATHS - 1):
        die(suspects, "a")
    suspects.reads("a")
    suspects.reads(None)
    assert [die(suspects, "a") for _ in range(DEATHS - 1)] == [None] * (DEATHS - 1)


def test_a_death_between_two_rounds_is_nobody_s(suspects: Suspects) -> None:
    for _ in range(DEATHS + 1):
        assert die(suspects, None) is None


def test_all_is_forgiven(suspects: Suspects) -> None:
    for _ in range(DEATHS):
        die(suspects, "a")
    suspects.forgive()
    assert suspects.set_aside(0) == frozenset()
    assert die(suspects, "a") is None
