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

# What quotes, escapes, ends or begins something in one of the languages; any character at all would rarely hit two.
SIGNS = "\"'`\\${}%<>&#:;,()[]*?+|^~=@!/.-_ ntxu0"
BLANKS = "\n\r\t\v\f\0\x1b\x7f\x85\xa0\u2028\u2029\u200b\u200d\u202e\ufeff\ufffe\U0001f600e\u0301"

TEXTS = st.one_of(
    st.sampled_from(NAMES),
    st.text(SIGNS + BLANKS, max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
