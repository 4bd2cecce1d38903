"""Which categories the past weeks had, to tell those that are new."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from metrics_exporter.profiles.profile import Categories, Profile, Series, WindowProfiles


class Vocabulary:
    """The categories of each categorical series by day."""

    SPAN: ClassVar = timedelta(days=28)

    def __init__(self) -> None:
        self._days: dict[datetime, dict[Series, Categories]] = {}

    def add(self, day: WindowProfiles) -> None:
        """Learn a daily window; it replaces what was known of that day."""
        self._days[day.end] = {
            profile.series: profile.categories
            for profile in day.profiles
            if profile.categories and _is_counted(profile)
        }
        newest = max(self._days)
        self._days = {end: series for end, series in self._days.items() if end > newest - self.SPAN - timedelta(days=2)}

    def unseen(self, window: WindowProfiles) -> dict[Series, float]:
        """Per categorical series, the share of its values in categories that no day of the preceding weeks has.

        A series is absent without a full day of history, and where a day had more categories than profiles keep:
        what is new can't be told then.
        """
        found = {}
        for profile in window.profiles:
            if profile.categories and _is_counted(profile):
                share = self._share(profile, profile.categories, window.start)
                if share is not None:
                    found[profile.series] = share
        return found

    def _share(self, profile: Profile, categories: Categories, start: datetime) -> float | None:
        days = [
            series[profile.series]
            for end, series in self._days.items()
            if start - self.SPAN < end <= start and profile.series in series
        ]
        if not days or any(day.other for day in days):
            return None
        seen = {name for day in days for name, _ in day.top}
        return sum(count for name, count in categories.top if name not in seen) / profile.values


def _is_counted(profile: Profile) -> bool:
    return profile.distribution is None and profile.values > 0
