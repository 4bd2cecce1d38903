"""What a benchmark reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One comparison.

    Attributes:
        name: what was measured.
        ours: our figure, with its unit.
        reference: the figure of the floor or the peer, and whose it is.
        ratio: ours by the reference's, as the goal counts it; "" where there is none.
        goal: what the ratio or our figure must be; "" where it is only reported.
        ok: whether the goal is met; None where there is none.
    """

    name: str
    ours: str
    reference: str = ""
    ratio: str = ""
    goal: str = ""
    ok: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "ok", False: "SHORT", None: "-"}[self.ok]
        return f"{self.name:<34} {self.ours:<22} {self.reference:<34} {self.ratio:<8} {self.goal:<14} {verdict}"


HEADING = f"{'benchmark':<34} {'ours':<22} {'reference':<34} {'ratio':<8} {'goal':<14} met"
