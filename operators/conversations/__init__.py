"""Operators that synthesise conversations: scenarios, tasks, functions, multi-turn dialogues and their grades."""

from __future__ import annotations

from dataflow_rs.operators.conversations.atom_task import AtomTaskGenerator
from dataflow_rs.operators.conversations.composition_task import CompositionTaskFilter
from dataflow_rs.operators.conversations.consistent_chat import ConsistentChatGenerator
from dataflow_rs.operators.conversations.func_call_conversation import FuncCallConversationSampleEvaluator
from dataflow_rs.operators.conversations.function import FunctionGenerator
from dataflow_rs.operators.conversations.multi_turn_conversation import MultiTurnConversationGenerator
from dataflow_rs.operators.conversations.para_seq_task import ParaSeqTaskGenerator
from dataflow_rs.operators.conversations.scenario_expand import ScenarioExpandGenerator
from dataflow_rs.operators.conversations.scenario_extract import ScenarioExtractGenerator
from dataflow_rs.operators.conversations.sequential_task import SequentialTaskGenerator

__all__ = [
    "AtomTaskGenerator",
    "CompositionTaskFilter",
    "ConsistentChatGenerator",
    "FuncCallConversationSampleEvaluator",
    "FunctionGenerator",
    "MultiTurnConversationGenerator",
    "ParaSeqTaskGenerator",
    "ScenarioExpandGenerator",
    "ScenarioExtractGenerator",
    "SequentialTaskGenerator",
]
