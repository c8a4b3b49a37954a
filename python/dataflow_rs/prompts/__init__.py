"""Prompt templates: objects that build messages from row values and parse the reply into typed fields."""

from __future__ import annotations

from dataflow_rs.prompts.base import PromptTemplate, UserPrompt, object_schema
from dataflow_rs.prompts.bench import (
    AnswerJudgeMultipleQuestionsPrompt,
    AnswerJudgePrompt,
    AnswerJudgePromptQuestion,
    BenchAnswerPrompt,
)
from dataflow_rs.prompts.consistent_chat import ConsistentChatPrompt
from dataflow_rs.prompts.conversations import (
    CompositionTaskFilterPrompt,
    ConversationAssistantPrompt,
    ConversationEvalPrompt,
    ConversationToolPrompt,
    ConversationUserPrompt,
    ExpandScenarioPrompt,
    ExtractScenarioPrompt,
    FuncAtomicTaskGeneratePrompt,
    FuncGeneratePrompt,
    ParathenSeqTaskGeneratePrompt,
    SequentialTaskGeneratePrompt,
)
from dataflow_rs.prompts.format_str import FormatStrPrompt
from dataflow_rs.prompts.from_scratch import FromScratch
from dataflow_rs.prompts.multihop import Text2MultiHopQAGeneratorPrompt
from dataflow_rs.prompts.pretraining import LanguagePrompt, MetaPrompt, Phi4QAGeneratorPrompt
from dataflow_rs.prompts.retrieval import RetrievalPrompt
from dataflow_rs.prompts.rows import Answers, Prompted, ask_rows
from dataflow_rs.prompts.sft import (
    AlpagasusPrompt,
    CondorQuestionPrompt,
    CondorRefinePrompt,
    InstagPrompt,
    SFTFromScratchGeneratorPrompt,
    SFTGeneratorSeedPrompt,
    TreeinstructPrompt,
)
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
    "AlpagasusPrompt",
    "AnswerJudgeMultipleQuestionsPrompt",
    "AnswerJudgePrompt",
    "AnswerJudgePromptQuestion",
    "Answers",
    "BenchAnswerPrompt",
    "CompositionTaskFilterPrompt",
    "CondorQuestionPrompt",
    "CondorRefinePrompt",
    "ConsistentChatPrompt",
    "ConversationAssistantPrompt",
    "ConversationEvalPrompt",
    "ConversationToolPrompt",
    "ConversationUserPrompt",
    "ExpandScenarioPrompt",
    "ExtractScenarioPrompt",
    "FormatStrPrompt",
    "FromScratch",
    "FuncAtomicTaskGeneratePrompt",
    "FuncGeneratePrompt",
    "GradePrompt",
    "InstagPrompt",
    "InstructionPrompt",
    "LanguagePrompt",
    "MetaPrompt",
    "ParathenSeqTaskGeneratePrompt",
    "Phi4QAGeneratorPrompt",
    "PromptTemplate",
    "Prompted",
    "RetrievalPrompt",
    "RewritePrompt",
    "SFTFromScratchGeneratorPrompt",
    "SFTGeneratorSeedPrompt",
    "ScorePrompt",
    "SequentialTaskGeneratePrompt",
    "Text2MultiHopQAGeneratorPrompt",
    "Text2QAAnswerAlignmentPrompt",
    "Text2QAAnswerVerifiabilityPrompt",
    "Text2QAAutoPromptGeneratorPrompt",
    "Text2QADownstreamValuePrompt",
    "Text2QAQuestionQualityPrompt",
    "Text2QASeedQuestionGeneratorPrompt",
    "TreeinstructPrompt",
    "UserPrompt",
    "ask_rows",
    "object_schema",
]
