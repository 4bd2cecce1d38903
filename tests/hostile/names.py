"""Names that mean something to each language that they pass through."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = (
    'a"b${c}%{d}\n',
    'a"b${c}%{d}\\n',
    "x" * 300,
    "배달 시간 예측",
    "Eta",
    "eta",
    "e-ta",
    "e.ta",
    "'; DROP TABLE predictions; --",
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>&amp;",
    "{{ 7 * 7 }}{% raw %}",
    "=cmd|' /C calc'!A0,{}#",
    "\\",
    "tab\tcr\rvt\x0b",
    "e\u0301 \u202e \u2028 \ufeff \U0001f600",
    " white space ",
    "",
)

TEXTS = st.one_of(st.sampled_from(NAMES), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
