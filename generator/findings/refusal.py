"""How a validator of the spec refuses a value: with the finding's own words."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from generator.findings import Rule


def refuse(rule: Rule, message: str, advice: str) -> PydanticCustomError:
    """The error to raise; the spec's reader makes a finding of it, at the value's place."""
    return PydanticCustomError(rule.code, "{message}", {"message": message, "advice": advice})


def words(refusal: PydanticCustomError) -> str:
    """What a refusal says, for where there is no file to point at."""
    said = refusal.context or {}
    return f"{said['message']}; {said['advice']}"
