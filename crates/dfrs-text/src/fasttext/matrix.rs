//! Rows of numbers: stored as they are, or as product-quantised codes.

use std::io::Read;

use super::format::{Input, malformed};
use crate::Error;

/// Centroids of each part of a row.
const CENTROIDS: usize = 256;
/// Quantised matrices that take less than this as floats are decoded once, when they are read.
const DECODED_BYTES: usize = 256 << 20;
/// Partial sums of a dot product; a power of two that fills vector registers.
const LANES: usize = 8;

/// A matrix whose rows are added up or multiplied with a vector.
pub(super) enum Matrix {
    Dense(Dense),
    Quantised(Quantised),
}

pub(super) struct Dense {
    columns: usize,
    values: Vec<f32>,
}

/// Rows cut into parts, each part the number of a centroid; with the row's norm as one more code.
pub(super) struct Quantised {
    rows: usize,
    columns: usize,
    codes: Vec<u8>,
    centroids: Quantiser,
    norms: Option<(Vec<u8>, Quantiser)>,
}

struct Quantiser {
    parts: usize,
    /// Columns of each part but the last.
    width: usize,
    last_width: usize,
    values: Vec<f32>,
}

impl Matrix {
    pub(super) fn read<R: Read>(input: &mut Input<R>, quantised: bool) -> Result<Self, Error> {
        if !quantised {
            return Ok(Self::Dense(Dense::read(input)?));
        }
        let matrix = Quantised::read(input)?;
        let bytes = matrix
            .rows
            .checked_mul(matrix.columns)
            .and_then(|values| values.checked_mul(4));
        Ok(if bytes.is_some_and(|bytes| bytes <= DECODED_BYTES) {
            Self::Dense(matrix.decode())
        } else {
            Self::Quantised(matrix)
        })
    }

    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.values.len() / matrix.columns,
            Self::Quantised(matrix) => matrix.rows,
        }
    }

    pub(super) fn columns(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.columns,
            Self::Quantised(matrix) => matrix.columns,
        }
    }

    /// Adds rows to a vector.
    pub(super) fn add_rows(&self, rows: &[u32], sum: &mut [f32]) {
        match self {
            Self::Dense(matrix) if matrix.columns == 16 => matrix.add_rows_of::<16>(rows, sum),
            Self::Dense(matrix) => matrix.add_rows(rows, sum),
            Self::Quantised(matrix) => rows
                .iter()
                .for_each(|&row| matrix.add_row(row as usize, sum)),
        }
    }

    /// The product of a row and a vector.
    pub(super) fn dot(&self, row: usize, vector: &[f32]) -> f32 {
        match self {
            Self::Dense(matrix) => dot(matrix.row(row), vector),
            Self::Quantised(matrix) => {
                let mut decoded = vec![0.0; matrix.columns];
                matrix.add_row(row, &mut decoded);
                dot(&decoded, vector)
            }
        }
    }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (left, right) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let rest: f32 = std::iter::zip(left.remainder(), right.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (left, right) in std::iter::zip(left, right) {
        for lane in 0..LANES {
            lanes[lane] += left[lane] * right[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Adds one vector to another.
pub(super) fn add(sum: &mut [f32], values: &[f32]) {
    for (sum, value) in std::iter::zip(sum, values) {
        *sum += value;
    }
}

impl Dense {
    fn read<R: Read>(input: &mut Input<R>) -> Result<Self, Error> {
        let (rows, columns) = shape(input)?;
        let values = rows.saturating_mul(columns);
        Ok(Self {
            columns: usize::try_from(columns).map_err(|error| malformed(error.to_string()))?,
            values: input.floats(values)?,
        })
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..][..self.columns]
    }

    fn add_rows(&self, rows: &[u32], sum: &mut [f32]) {
        for &row in rows {
            add(sum, self.row(row as usize));
        }
    }

    /// The same with the vector in registers.
    fn add_rows_of<const COLUMNS: usize>(&self, rows: &[u32], sum: &mut [f32]) {
        let (all, _) = self.values.as_chunks::<COLUMNS>();
        let ([sum], _) = sum.as_chunks_mut::<COLUMNS>() else {
            unreachable!("the caller looked at the number of columns")
        };
        let mut total = *sum;
        for &row in rows {
            let row = &all[row as usize];
            for column in 0..COLUMNS {
                total[column] += row[column];
            }
        }
        *sum = total;
    }
}

impl Quantised {
    fn read<R: Read>(input: &mut Input<R>) -> Result<Self, Error> {
        let with_norms = input.flag()?;
        let (rows, columns) = shape(input)?;
        let codes = input.count("codes")?;
        let codes = input.bytes(codes)?;
        let centroids = Quantiser::read(input)?;
        let (Ok(rows), Ok(columns)) = (usize::try_from(rows), usize::try_from(columns)) else {
            return Err(malformed(format!("a matrix has {rows} x {columns} values")));
        };
        if rows.checked_mul(centroids.parts) != Some(codes.len()) || centroids.columns() != columns
        {
            return Err(malformed(format!(
                "{} codes of {} parts, {} columns wide, do not make {rows} rows of {columns} columns",
                codes.len(),
                centroids.parts,
                centroids.columns()
            )));
        }
        let norms = if with_norms {
            Some((input.bytes(rows)?, Quantiser::read(input)?))
        } else {
            None
        };
        Ok(Self {
            rows,
            columns,
            codes,
            centroids,
            norms,
        })
    }

    fn add_row(&self, row: usize, sum: &mut [f32]) {
        let norm = match &self.norms {
            Some((codes, norms)) => norms.centroid(0, codes[row])[0],
            None => 1.0,
        };
        let codes = &self.codes[row * self.centroids.parts..][..self.centroids.parts];
        for (part, sum) in sum.chunks_mut(self.centroids.width).enumerate() {
            let centroid = self.centroids.centroid(part, codes[part]);
            for (sum, value) in std::iter::zip(sum, centroid) {
                *sum += norm * value;
            }
        }
    }

    fn decode(&self) -> Dense {
        let mut values = vec![0.0; self.rows * self.columns];
        for (row, values) in values.chunks_exact_mut(self.columns).enumerate() {
            self.add_row(row, values);
        }
        Dense {
            columns: self.columns,
            values,
        }
    }
}

impl Quantiser {
    fn read<R: Read>(input: &mut Input<R>) -> Result<Self, Error> {
        let columns = input.count("quantised columns")?;
        let parts = input.count("parts of a row")?;
        let width = input.count("columns of a part")?;
        let last_width = input.count("columns of the last part")?;
        let covered = (parts.checked_sub(1))
            .and_then(|whole| whole.checked_mul(width))
            .and_then(|whole| whole.checked_add(last_width));
        if columns == 0 || last_width == 0 || last_width > width || covered != Some(columns) {
            return Err(malformed(format!(
                "{parts} parts of {width} columns, the last of {last_width}, do not make {columns} columns"
            )));
        }
        Ok(Self {
            parts,
            width,
            last_width,
            values: input.floats(columns as u64 * CENTROIDS as u64)?,
        })
    }

    fn columns(&self) -> usize {
        (self.parts - 1) * self.width + self.last_width
    }

    fn centroid(&self, part: usize, code: u8) -> &[f32] {
        let width = if part + 1 == self.parts {
            self.last_width
        } else {
            self.width
        };
        let start = part * CENTROIDS * self.width + usize::from(code) * width;
        &self.values[start..start + width]
    }
}

fn shape<R: Read>(input: &mut Input<R>) -> Result<(u64, u64), Error> {
    let rows = input.long_count("rows")?;
    let columns = input.long_count("columns")?;
    if rows == 0 || columns == 0 {
        return Err(malformed(format!("a matrix has {rows} x {columns} values")));
    }
    Ok((rows, columns))
}
