"""Prompt templates: objects that build messages from row values and parse the reply into typed fields."""

from __future__ import annotations

from dataflow_rs.prompts.base import PromptTemplate, UserPrompt, object_schema
from dataflow_rs.prompts.from_scratch import FromScratch
from dataflow_rs.prompts.rows import Answers, Prompted, ask_rows
from dataflow_rs.prompts.text import InstructionPrompt, RewritePrompt, ScorePrompt
from dataflow_rs.prompts.text2qa import (
    GradePrompt,
    Text2QAAnswerAlignmentPrompt,
    Text2QAAnswerVerifiabilityPrompt,
    Text2QAAutoPromptGeneratorPrompt,
    Text2QADownstreamValuePrompt,
    Text2QAQuestionQualityPrompt,
    Text2QASeedQuestionGeneratorPrompt,
)

__all__ = [
    "Answers",
    "FromScratch",
    "GradePrompt",
    "InstructionPrompt",
    "PromptTemplate",
    "Prompted",
    "RewritePrompt",
    "ScorePrompt",
    "Text2QAAnswerAlignmentPrompt",
    "Text2QAAnswerVerifiabilityPrompt",
    "Text2QAAutoPromptGeneratorPrompt",
    "Text2QADownstreamValuePrompt",
    "Text2QAQuestionQualityPrompt",
    "Text2QASeedQuestionGeneratorPrompt",
    "UserPrompt",
    "ask_rows",
    "object_schema",
]
