"""The call log: what was answered survives any kill, and damage is never read as an answer."""

from __future__ import annotations

import random

import pytest
from dataflow_rs.exceptions import CorruptStoreError
from dataflow_rs.serving import CallLog, Completion, Usage
from dataflow_rs.serving.call_log import call_key, shared_log


def filled(path, count=20):
    log = CallLog(path)
    for number in range(count):
        call = {"model": "m", "question": f"question {number} \u4e2d"}
        log.append(call_key(call), call, Completion(f"answer {number}\n\u4e2d", Usage(number, 1), "stop"))
    log.close()
    return log


def answer_to(log, number):
    found = log.find(call_key({"model": "m", "question": f"question {number} \u4e2d"}))
    return None if found is None else found.text


def test_answers_are_found_by_another_object(tmp_path):
    filled(tmp_path / "calls.log")
    log = CallLog(tmp_path / "calls.log")
    assert len(log) == 20
    assert [answer_to(log, number) for number in (0, 19, 20)] == ["answer 0\n\u4e2d", "answer 19\n\u4e2d", None]
    assert [record["call"]["question"] for record in log.records()][:2] == ["question 0 \u4e2d", "question 1 \u4e2d"]


def test_a_log_cut_at_any_byte_holds_all_complete_records(tmp_path):
    path = tmp_path / "calls.log"
    filled(path)
    whole = path.read_bytes()
    ends = [position + 1 for position, byte in enumerate(whole) if byte == 10]
    chosen = random.Random(7)
    cuts = sorted({0, len(whole), *ends[:2], *(end - 1 for end in ends[:2]), *chosen.sample(range(len(whole)), 150)})
    for cut in cuts:
        path.write_bytes(whole[:cut])
        log = CallLog(path)
        complete = sum(end <= cut or end - 1 == cut for end in ends)
        assert len(log) == complete
        assert [answer_to(log, n) is not None for n in range(20)] == [n < complete for n in range(20)]
        call = {"model": "m", "question": "new"}
        log.append(call_key(call), call, Completion("new answer"))
        log.close()
        again = CallLog(path)
        assert len(again) == complete + 1
        assert again.find(call_key(call)).text == "new answer"
    assert len(cuts) > 100


def test_a_changed_byte_is_damage_and_no_answer(tmp_path):
    path = tmp_path / "calls.log"
    filled(path)
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptStoreError, match="line 1: the record does not match its checksum"):
        len(CallLog(path))


def test_one_log_per_file(tmp_path):
    assert shared_log(tmp_path / "calls.log") is shared_log(tmp_path / "." / "calls.log")


def test_the_newest_record_of_a_call_counts(tmp_path):
    log = CallLog(tmp_path / "calls.log")
    for text in ("old", "new"):
        log.append(call_key({}), {}, Completion(text))
    assert (log.find(call_key({})).text, len(log)) == ("new", 1)
    log.close()
    assert CallLog(tmp_path / "calls.log").find(call_key({})).text == "new"
