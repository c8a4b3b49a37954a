"""An upper bound on the share of lines that start with a bullet point."""

from __future__ import annotations

from dataflow_rs.core.native_text import NativeFilter, Profile
from dataflow_rs.core.registry import operator
from dataflow_rs.core.validation import check_share


@operator
class LineStartWithBulletpointFilter(NativeFilter):
    r"""Drop texts that are lists: most lines start with a bullet point.

    Lines end at line feeds only, blank lines do not count, and whitespace at a line's start is ignored. The
    judged value is the share of lines that start with a bullet point; the detail is the first of them. Bullet
    points are the characters U+2022 U+2023 U+25B6 U+25C0 U+25E6 U+25A0 U+25A1 U+25AA U+25AB, and, before
    whitespace or alone, `-`, `*`, `+`, U+00B7, U+2013 and numbers of up to three digits with `.` or `)`.

    Args:
        threshold: largest share that stays, from 0 to 1; None is off.
        profile: reproduce the verdicts of a published tool, faults included.

    Keys:
        input_key: column of texts to judge.
        output_key: column for the label, 1 for rows that stay; by default none is written.

    Missing texts:
        Null is dropped with the rule `null`, a text of whitespace only with the rule `blank`.

    Differences:
        Dashes, asterisks and numbers are bullet points; to the published rule they are none, and an en dash
        is one without whitespace after it as well. With `profile="open-dataflow-1.0.13"` the published rule
        applies.

    Source:
        The pipeline `text_pt_filter` of open-dataflow 1.0.13.

    Examples:
        >>> import pyarrow as pa
        >>> texts = pa.table({"text": ["- tea\n- milk", "We drink:\n- tea"]})
        >>> LineStartWithBulletpointFilter().apply(texts, input_key="text")["text"].to_pylist()
        ['We drink:\n- tea']
    """

    threshold: float | None = 0.9
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_share(self.name, threshold=self.threshold)
