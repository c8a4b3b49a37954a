"""The sections of the page, in the order of a reader's questions: how much, how, why, what does it look like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dataflow_rs.report.duplicates import duplicate_tables
from dataflow_rs.report.funnel import funnel
from dataflow_rs.report.histogram import histograms
from dataflow_rs.report.markup import Html, element, join, table
from dataflow_rs.report.numbers import count, measure, money, plural, seconds, share, short
from dataflow_rs.report.plan_picture import plan_pictures
from dataflow_rs.report.reasons import quote, reasons, shortened
from dataflow_rs.report.step_table import step_details, step_table

_SHORT = 100
"""Characters of a text that is shown on the line of its name."""


@dataclass(frozen=True)
class Section:
    """A section of the page: its anchor, its heading, and the whole of it."""

    anchor: str
    heading: str
    html: Html


def header(data: dict[str, Any]) -> Html:
    """Return the title and the numbers that matter most."""
    state = ("finished", "done") if data["finished"] else ("not finished", "open")
    when = data["ended"] or data["started"]
    planned = data["planned_steps"] if data["planned_steps"] is not None else len(data["steps"]) - 1
    done = sum(step["done"] for step in data["steps"] if step["index"])
    cards = [_card(*card) for card in _cards(data["headline"])]
    columns = len(cards) if len(cards) <= 5 else (len(cards) + 1) // 2
    facts = [plural(done, "step") if done == planned else f"{done} of {plural(planned, 'step')}"]
    if when:
        facts.append(f"{when[:10]} {when[11:16]} UTC")
    return join(
        [
            element("p", "dataflow_rs data set report", class_="brand"),
            element("h1", data["name"], " ", element("span", state[0], class_=f"state {state[1]}")),
            element("p", " · ".join(facts), class_="quiet"),
            element("dl", *cards, class_="cards", style=f"--columns:{columns}"),
        ]
    )


def _cards(numbers: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield "Rows in", count(numbers["rows_in"]), "from the source"
    yield "Rows out", count(numbers["rows_out"]), f"{share(numbers['rows_out'], numbers['rows_in'])} of the source"
    yield "Dropped", count(numbers["rows_dropped"]), "each with its reason"
    again = numbers["last_run_seconds"]
    took = "in operators" if again is None else f"in operators; last run {seconds(again)}"
    yield "Time", seconds(numbers["operator_seconds"]), took
    if numbers["calls"] or numbers["replayed"] or numbers["calls_failed"]:
        notes = [f"{count(numbers['replayed'])} more replayed for free"] if numbers["replayed"] else []
        notes += [f"{count(numbers['calls_failed'])} failed"] if numbers["calls_failed"] else []
        yield "Model calls", count(numbers["calls"]), ", ".join(notes) or "none failed"
        tokens = numbers["prompt_tokens"] + numbers["completion_tokens"]
        yield (
            "Model tokens",
            short(tokens),
            f"{short(numbers['prompt_tokens'])} in, {short(numbers['completion_tokens'])} out",
        )
    if numbers["cost"] is not None:
        each = "" if numbers["cost_per_row"] is None else f", {money(numbers['cost_per_row'])} per row read"
        yield "Cost", money(numbers["cost"]), f"of model calls{each}"
    if numbers["rows_failed"]:
        yield "Failed rows", count(numbers["rows_failed"]), "see errors"


def _card(label: str, value: str, note: str) -> Html:
    return element("div", element("dt", label), element("dd", element("b", value), element("small", note)))


def contents(data: dict[str, Any]) -> Html:
    """Return the links to the sections."""
    return join(element("a", one.heading, href=f"#{one.anchor}") for one in sections(data))


def sections(data: dict[str, Any]) -> list[Section]:
    """Return the sections that the run has something to show in."""
    made = [
        _section(
            "rows",
            "Rows",
            "Rows after each step; the pale end of a bar is what the step dropped.",
            funnel(data["steps"]),
        ),
        _section("plan", "Plan", None, plan_pictures(data), _legend(data)),
        _section("steps", "Steps", None, step_table(data["steps"]), step_details(data["steps"])),
    ]
    if data["lengths"]:
        made.append(_section("lengths", "Lengths", _lengths_lead(data["lengths"]), histograms(data["lengths"])))
    if data["drops"]:
        made.append(
            _section(
                "drops",
                "Dropped rows",
                "Every dropped row is kept with its reason. A few of each rule: the closest call, the clearest case, "
                f"the first one. The story of any row: dataflow-rs explain {data['path']} ROW",
                reasons(data["drops"]),
            )
        )
    if data["duplicates"]:
        lead = "Clusters of rows of which one stayed, by size; what duplicates look like is among the dropped rows."
        made.append(_section("duplicates", "Duplicates", lead, duplicate_tables(data["duplicates"])))
    if data["errors"] or data["bad_lines"]["count"]:
        made.append(_section("errors", "Errors", None, _errors(data["errors"]), _bad_lines(data["bad_lines"])))
    if data["samples"]["rows"]:
        made.append(_section("samples", "Final rows", _samples_lead(data), _samples(data["samples"])))
    made.append(_section("reproduce", "Reproduce", None, *_reproduce(data)))
    return made


def _section(anchor: str, heading: str, lead: str | None, *content: object) -> Section:
    intro = None if lead is None else element("p", lead, class_="lead")
    html = element(
        "section", element("h2", heading, id=f"h-{anchor}"), intro, *content, id=anchor, aria_labelledby=f"h-{anchor}"
    )
    return Section(anchor, heading, html)


def _legend(data: dict[str, Any]) -> Html:
    kinds = dict.fromkeys(step["kind"] for step in data["steps"])
    kinds |= dict.fromkeys(["export"] if data["exports"] else [])
    return element("p", *(element("span", kind, class_=f"kind {kind}") for kind in kinds), class_="legend")


def _lengths_lead(lengths: dict[str, Any]) -> Html:
    before, after = lengths["before"], lengths["after"]

    def where(one: dict[str, Any]) -> str:
        place = "the source" if one["step"] == 0 else f"step {one['step']}"
        part = one["measured_rows"]
        measured = "" if part == one["rows"] else f", {count(part)} of them measured"
        return f"{place} ({plural(one['rows'], 'row')}{measured})"

    return join(
        [
            "Column ",
            element("code", lengths["column"]),
            ": ",
            element("span", class_="swatch before"),
            f" before is {where(before)}, ",
            element("span", class_="swatch after"),
            f" after is {where(after)}. {lengths['token_rule']}",
        ]
    )


def _bad_lines(lines: dict[str, Any]) -> Html | None:
    if not lines["count"]:
        return None
    caption = f"Lines of the source that could not be read: {count(lines['count'])}, of which the first"
    rows = [
        [f"{line['file']}, line {line['line']}", shortened(line["message"], 300), shortened(line["text"] or "", 120)]
        for line in lines["examples"]
    ]
    return table(caption, ["where", "what is wrong", "the line"], rows)


def _errors(errors: list[dict[str, Any]]) -> Html | None:
    if not errors:
        return None
    rows = []
    for error in errors:
        messages = [
            element("li", f"row {one['row']}, {plural(one['attempts'], 'attempt')}: ", shortened(one["message"], 300))
            for one in error["examples"]
        ]
        rows.append(
            [
                f"{error['step']}. {error['operator']}",
                element("code", error["type"]),
                f"{count(error['rows'])} ({share(error['rows'], error['of_rows'])})",
                element("ul", *messages, class_="messages"),
            ]
        )
    return table(
        "Rows whose processing failed, by step and class of error",
        ["step", "error", "rows", "the first ones"],
        rows,
        numeric=[2],
    )


def _samples_lead(data: dict[str, Any]) -> str:
    shown, last = len(data["samples"]["rows"]), data["steps"][-1]
    return f"{shown} of the {plural(last['rows_out'], 'row')} after step {last['index']}, spread evenly over the table."


def _samples(samples: dict[str, Any]) -> Html:
    return element(
        "div",
        *(
            element(
                "article",
                element("h3", f"Row {sample['row']}"),
                element(
                    "dl", *(_field(name, value, samples["columns"][name]) for name, value in sample["values"].items())
                ),
            )
            for sample in samples["rows"]
        ),
        class_="samples",
    )


def _field(name: str, value: Any, dtype: str) -> Html:
    shown: object
    if value is None:
        shown = element("span", "null", class_="quiet")
    elif isinstance(value, dict):
        shown = value["text"] if _is_short(value) else quote(value)
    elif isinstance(value, bool):
        shown = str(value).lower()
    else:
        shown = measure(value) if isinstance(value, float) else str(value)
    return join([element("dt", name, " ", element("small", dtype, class_="quiet")), element("dd", shown)])


def _is_short(excerpt: dict[str, Any]) -> bool:
    return 0 < excerpt["length"] <= _SHORT and "\n" not in excerpt["text"] and excerpt["text"].isprintable()


def _reproduce(data: dict[str, Any]) -> Iterator[Html]:
    recipe = data["recipe"]
    if recipe is None:
        yield element("p", "No recipe: the run has a source in memory, or was not made by a compiled pipeline.")
    else:
        yield element(
            "p",
            "Save this recipe as ",
            element("code", "recipe.yaml"),
            " and run it: ",
            element("code", "dataflow-rs run recipe.yaml"),
        )
        if data["unregistered"]:
            names = ", ".join(data["unregistered"])
            yield element("p", f"It needs operators that are not part of the library: {names}.", class_="quiet")
        yield element("pre", element("code", recipe), class_="recipe", tabindex="0")
    facts = [[name, str(value)] for name, value in data["environment"].items()]
    facts += [["run directory", data["path"]], ["stored bytes", count(data["stored_bytes"])]]
    facts += [
        ["exported" if one["written"] else "to export", f"{one['path']} (step {one['step']})"]
        for one in data["exports"]
    ]
    yield table("Environment in which the report was written", ["what", "value"], facts)
    prints = [[f"{step['index']}. {step['name']}", element("code", step["fingerprint"][:16])] for step in data["steps"]]
    yield element(
        "details",
        element("summary", "Fingerprints of the steps"),
        element("p", "Two runs whose fingerprints agree up to a step have the same table there.", class_="quiet"),
        table("Fingerprints", ["step", "fingerprint"], prints),
    )


def footer(data: dict[str, Any]) -> Html:
    """Return when and by what the report was written."""
    return element(
        "p",
        f"Written {data['written'][:16].replace('T', ' ')} UTC by dataflow_rs {data['environment']['dataflow_rs']}.",
    )
