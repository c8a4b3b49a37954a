"""Record which rows the reference's deduplication filters keep, and SimHash fingerprints, into `tests/parity/data/`.

Runs in the reference's environment (`record_reference.py` makes it) with simhash 2.1.2 installed besides:
`.venvs/reference/bin/python tools/record_deduplication.py`. The texts are made here, from a fixed seed.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from reference_operators import TableStorage, _replace_unreachable, quiet
from simhash import Simhash

OUT = Path(__file__).resolve().parent.parent / "tests" / "parity" / "data" / "deduplication.json"
FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("HashDeduplicateFilter", {}),
    ("HashDeduplicateFilter", {"hash_func": "sha256"}),
    ("CCNetDeduplicateFilter", {}),
    ("SimHashDeduplicateFilter", {}),
    ("SimHashDeduplicateFilter", {"fingerprint_size": 128, "bound": 0.05}),
    ("SimHashDeduplicateFilter", {"bound": 0.25}),
    ("NgramHashDeduplicateFilter", {}),
    ("NgramHashDeduplicateFilter", {"n_gram": 5, "diff_size": 2}),
]
WORDS = [
    "amber",
    "basalt",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "glacier",
    "harbor",
    "island",
    "juniper",
    "kelp",
    "lagoon",
    "meadow",
    "nectar",
    "orchid",
    "prairie",
]
ODD = [
    "",
    " ",
    "a",
    "ab",
    "abc",
    "abcd",
    "!!!",
    "???",
    "Straße ΟΔΟΣ İ",
    "漢字かな交じり文",
    "漢字かな交じり文。",
    "😀😀😀",
    "A_b-C d",
]


def texts() -> list[str]:
    """Return texts of which many are alike."""
    chance = random.Random(7)
    made: list[str] = [*ODD, *ODD]
    for _ in range(60):
        words = chance.choices(WORDS, k=chance.randint(3, 60))
        made.append(" ".join(words))
        for _ in range(chance.randint(0, 5)):
            changed = list(words)
            for _ in range(chance.choice([0, 1, 1, 2, 5])):
                changed[chance.randrange(len(changed))] = chance.choice(WORDS)
            made.append(chance.choice(["", "", "Oh: "]) + " ".join(changed))
    chance.shuffle(made)
    return made


def kept(name: str, parameters: dict[str, Any], rows: list[str]) -> list[int]:
    """Return the rows that the reference keeps."""
    import pandas as pd

    _replace_unreachable()
    with quiet():
        if name.startswith("CCNet"):
            import dataflow.operators.text_pt as family
        else:
            import dataflow.operators.general_text as family
        storage = TableStorage(pd.DataFrame({"text": rows, "row": range(len(rows))}))
        getattr(family, name)(**parameters).run(storage, input_key="text", output_key="label")
    return [int(row) for row in storage.read("dataframe")["row"]]


def main() -> None:
    """Record."""
    rows = texts()
    recorded = {
        "texts": rows,
        "fingerprints": {str(bits): [str(Simhash(text, f=bits).value) for text in rows] for bits in (8, 64, 128)},
        "kept": [
            {"operator": name, "parameters": parameters, "rows": kept(name, parameters, rows)}
            for name, parameters in FILTERS
        ],
    }
    OUT.write_text(json.dumps(recorded, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
