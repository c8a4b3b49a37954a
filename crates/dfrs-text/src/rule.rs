//! The one entry to all rules: a name and JSON parameters in, a judge out.

use crate::document::Document;
use crate::error::{self, Error};
use crate::judgement::Judgement;
use crate::rules;

/// A rule that decides whether a text stays.
pub trait Judge {
    /// Judges a text.
    fn judge(&self, text: &str) -> Judgement;

    /// Judges a text whose features other rules have asked for or will; rules that share any implement this.
    fn judge_document(&self, document: &Document<'_>) -> Judgement {
        self.judge(document.text())
    }

    /// Judges a missing text.
    fn judge_null(&self) -> Judgement {
        Judgement::unjudged(Judgement::NULL)
    }
}

macro_rules! rules {
    ($($name:literal => $variant:ident($module:ident),)*) => {
        /// One of the rules, with its parameters.
        #[derive(Debug, Clone)]
        pub enum Rule {
            $(#[doc = concat!("The rule `", $name, "`.")] $variant(rules::$module::$variant),)*
        }

        impl Rule {
            /// Names of all rules.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Makes a rule from its name and a JSON object of its parameters.
            pub fn from_json(name: &str, parameters: &str) -> Result<Self, Error> {
                match name {
                    $($name => Ok(Self::$variant(error::read(name, parameters)?)),)*
                    _ => Err(Error::UnknownName { name: name.to_owned(), known: Self::NAMES.join(", ") }),
                }
            }

            /// The rule's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }
        }

        impl Judge for Rule {
            fn judge(&self, text: &str) -> Judgement {
                match self {
                    $(Self::$variant(rule) => rule.judge(text),)*
                }
            }

            fn judge_document(&self, document: &Document<'_>) -> Judgement {
                match self {
                    $(Self::$variant(rule) => rule.judge_document(document),)*
                }
            }

            fn judge_null(&self) -> Judgement {
                match self {
                    $(Self::$variant(rule) => rule.judge_null(),)*
                }
            }
        }
    };
}

rules! {
    "blocklist" => Blocklist(blocklist),
    "c4_paragraph" => C4Paragraph(c4_paragraph),
    "capital_words" => CapitalWords(capital_words),
    "char_number" => CharNumber(char_number),
    "colon_end" => ColonEnd(colon_end),
    "content_null" => ContentNull(content_null),
    "curly_bracket" => CurlyBracket(curly_bracket),
    "fine_web_quality" => FineWebQuality(fineweb_quality),
    "gopher_quality" => GopherQuality(gopher_quality),
    "gopher_repetition" => GopherRepetition(gopher_repetition),
    "html_entity" => HtmlEntity(html_entity),
    "line_end_with_ellipsis" => LineEndWithEllipsis(line_end_with_ellipsis),
    "line_start_with_bulletpoint" => LineStartWithBulletpoint(line_start_with_bulletpoint),
    "line_with_javascript" => LineWithJavascript(line_with_javascript),
    "lorem_ipsum" => LoremIpsum(lorem_ipsum),
    "mean_word_length" => MeanWordLength(mean_word_length),
    "ngram" => NgramBounds(ngram),
    "no_punc" => NoPunc(no_punc),
    "reasoning_answer_ngram" => ReasoningAnswerNgram(reasoning_answer_ngram),
    "sentence_number" => SentenceNumber(sentence_number),
    "special_character" => SpecialCharacter(special_character),
    "symbol_word_ratio" => SymbolWordRatio(symbol_word_ratio),
    "unique_words" => UniqueWords(unique_words),
    "watermark" => Watermark(watermark),
    "word_number" => WordNumber(word_number),
}
