"""The features that were found in the log → `seen.json` as it would be with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from generator.discover.propose import MOST_FEATURES, Proposal
from generator.findings import quote
from generator.findings.syntax import too_large
from generator.spec import seen
from generator.spec.seen import Seen

LONGEST_NAME = 1_000


def update(before: Seen, proposal: Proposal) -> tuple[str | None, tuple[str, ...]]:
    """The new text of the file, None where it stays as it is, and notes on what isn't kept there.

    A predictor that was found gets the features that were found. One that wasn't keeps what was known, as long as it
    is registered.
    """
    if before.finding is not None and not before.may_be_replaced:
        return None, (f"{before.finding.place}: {before.finding.message}; {before.finding.advice}",)
    notes = tuple(_notes(proposal.features))
    after = seen.text(_kept(before.features, proposal) | _small(proposal.features))
    if before.finding is None and after == seen.text(before.features):
        return None, notes
    if len(after.encode()) > too_large.MAX_BYTES:
        return None, (*notes, f"{seen.FILE} would be larger than {too_large.MAX_BYTES // 2**20} MB, and stays as it is")
    return after, notes


def _kept(known: Mapping[str, Sequence[str]], proposal: Proposal) -> dict[str, Sequence[str]]:
    of = proposal.registered - proposal.features.keys()
    return {predictor: names for predictor, names in known.items() if predictor in of}


def _small(found: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    return {predictor: names for predictor, names in found.items() if not _too_much(names)}


def _notes(found: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for predictor, names in sorted(found.items()):
        if why := _too_much(names):
            yield (
                f"{quote(predictor)} has {why} in the log; {seen.FILE} leaves it out, "
                "so that its alerts are compared with the features that it declares only"
            )


def _too_much(names: Sequence[str]) -> str | None:
    if len(names) > MOST_FEATURES:
        return f"{len(names):,} features, more than {MOST_FEATURES:,},"
    if (longest := max(map(len, names), default=0)) > LONGEST_NAME:
        return f"a feature whose name has {longest:,} characters"
    return None
