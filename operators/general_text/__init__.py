"""Rules, refiners and deduplication for any text."""

from __future__ import annotations

from dataflow_rs.operators.general_text.blocklist import BlocklistFilter
from dataflow_rs.operators.general_text.capital_words import CapitalWordsFilter
from dataflow_rs.operators.general_text.char_number import CharNumberFilter
from dataflow_rs.operators.general_text.colon_end import ColonEndFilter
from dataflow_rs.operators.general_text.content_null import ContentNullFilter
from dataflow_rs.operators.general_text.curly_bracket import CurlyBracketFilter
from dataflow_rs.operators.general_text.decontamination import DecontaminationFilter
from dataflow_rs.operators.general_text.fast_text_classifier import (
    FastTextClassifierEvaluator,
    FastTextClassifierFilter,
)
from dataflow_rs.operators.general_text.hash_deduplicate import HashDeduplicateFilter
from dataflow_rs.operators.general_text.html_entity import HtmlEntityFilter
from dataflow_rs.operators.general_text.html_url_remover import HtmlUrlRemoverRefiner
from dataflow_rs.operators.general_text.language import LanguageEvaluator, LanguageFilter
from dataflow_rs.operators.general_text.lexical_diversity import LexicalDiversityFilter, LexicalDiversitySampleEvaluator
from dataflow_rs.operators.general_text.line_end_with_ellipsis import LineEndWithEllipsisFilter
from dataflow_rs.operators.general_text.line_start_with_bulletpoint import LineStartWithBulletpointFilter
from dataflow_rs.operators.general_text.line_with_javascript import LineWithJavascriptFilter
from dataflow_rs.operators.general_text.llm_language import LLMLanguageFilter
from dataflow_rs.operators.general_text.lorem_ipsum import LoremIpsumFilter
from dataflow_rs.operators.general_text.mean_word_length import MeanWordLengthFilter
from dataflow_rs.operators.general_text.min_hash_deduplicate import MinHashDeduplicateFilter
from dataflow_rs.operators.general_text.ngram import NgramFilter, NgramSampleEvaluator
from dataflow_rs.operators.general_text.ngram_hash_deduplicate import NgramHashDeduplicateFilter
from dataflow_rs.operators.general_text.ngram_overlap_deduplicate import NgramOverlapDeduplicateFilter
from dataflow_rs.operators.general_text.no_punc import NoPuncFilter
from dataflow_rs.operators.general_text.remove_emoji import RemoveEmojiRefiner
from dataflow_rs.operators.general_text.remove_extra_spaces import RemoveExtraSpacesRefiner
from dataflow_rs.operators.general_text.sem_deduplicate import SemDeduplicateFilter
from dataflow_rs.operators.general_text.sentence_number import SentenceNumberFilter
from dataflow_rs.operators.general_text.sim_hash_deduplicate import SimHashDeduplicateFilter
from dataflow_rs.operators.general_text.special_character import SpecialCharacterFilter
from dataflow_rs.operators.general_text.symbol_word_ratio import SymbolWordRatioFilter
from dataflow_rs.operators.general_text.text_statistics import (
    CompressionRatioEvaluator,
    EntropyEvaluator,
    TypeTokenRatioEvaluator,
)
from dataflow_rs.operators.general_text.token_count import TokenCountEvaluator, TokenCountFilter
from dataflow_rs.operators.general_text.token_statistics import TokenStatisticsEvaluator, UnigramLogProbabilityEvaluator
from dataflow_rs.operators.general_text.unique_words import UniqueWordsFilter
from dataflow_rs.operators.general_text.watermark import WatermarkFilter
from dataflow_rs.operators.general_text.word_number import WordNumberFilter

__all__ = [
    "BlocklistFilter",
    "CapitalWordsFilter",
    "CharNumberFilter",
    "ColonEndFilter",
    "CompressionRatioEvaluator",
    "ContentNullFilter",
    "CurlyBracketFilter",
    "DecontaminationFilter",
    "EntropyEvaluator",
    "FastTextClassifierEvaluator",
    "FastTextClassifierFilter",
    "HashDeduplicateFilter",
    "HtmlEntityFilter",
    "HtmlUrlRemoverRefiner",
    "LLMLanguageFilter",
    "LanguageEvaluator",
    "LanguageFilter",
    "LexicalDiversityFilter",
    "LexicalDiversitySampleEvaluator",
    "LineEndWithEllipsisFilter",
    "LineStartWithBulletpointFilter",
    "LineWithJavascriptFilter",
    "LoremIpsumFilter",
    "MeanWordLengthFilter",
    "MinHashDeduplicateFilter",
    "NgramFilter",
    "NgramHashDeduplicateFilter",
    "NgramOverlapDeduplicateFilter",
    "NgramSampleEvaluator",
    "NoPuncFilter",
    "RemoveEmojiRefiner",
    "RemoveExtraSpacesRefiner",
    "SemDeduplicateFilter",
    "SentenceNumberFilter",
    "SimHashDeduplicateFilter",
    "SpecialCharacterFilter",
    "SymbolWordRatioFilter",
    "TokenCountEvaluator",
    "TokenCountFilter",
    "TokenStatisticsEvaluator",
    "TypeTokenRatioEvaluator",
    "UnigramLogProbabilityEvaluator",
    "UniqueWordsFilter",
    "WatermarkFilter",
    "WordNumberFilter",
]
