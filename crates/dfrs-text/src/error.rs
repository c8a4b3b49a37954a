//! What can be wrong with a rule's name or parameters. Texts are never an error.

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
}

/// Reads a rule's parameters.
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(name: &str, json: &'a str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|source| Error::Parameters {
        name: name.to_owned(),
        source,
    })
}
