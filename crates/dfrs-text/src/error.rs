//! What can be wrong with a rule's name or parameters, or with a model's file. Texts are never an error.

/// Why a rule or refiner cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No rule or refiner has this name.
    #[error("there is no native rule '{name}'; there are: {known}")]
    UnknownName {
        /// The name asked for.
        name: String,
        /// All names, separated by commas.
        known: String,
    },
    /// The parameters do not fit the rule.
    #[error("{name}: {source}")]
    Parameters {
        /// The rule.
        name: String,
        /// What the deserialiser says.
        source: serde_json::Error,
    },
    /// A model's file is not what it should be.
    #[error("this is no {kind} model that can be read: {reason}")]
    Model {
        /// The kind of model that was expected.
        kind: &'static str,
        /// What is wrong with the file.
        reason: String,
    },
}

/// Reads a rule's parameters.
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(name: &str, json: &'a str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|source| Error::Parameters {
        name: name.to_owned(),
        source,
    })
}
