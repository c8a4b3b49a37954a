//! What can be wrong with a column.

use arrow_schema::{ArrowError, DataType};

/// Why a column cannot be read or built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The column holds no texts.
    #[error(
        "the column has type {0}: texts are read from string, large_string, string_view or dictionary columns of \
         these. Cast it to string first."
    )]
    NoText(DataType),
    /// The new texts do not fit into the column's type.
    #[error(
        "the new texts do not fit into a column of type {data_type}: {source}. Cast it to large_string first."
    )]
    TooLong {
        /// Type of the column.
        data_type: DataType,
        /// What Arrow says.
        source: ArrowError,
    },
    /// A position lies outside of the column, or the column cannot be rearranged.
    #[error("rows cannot be taken: {0}")]
    Take(ArrowError),
}
