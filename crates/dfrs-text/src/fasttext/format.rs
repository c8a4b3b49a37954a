//! The primitive values of a model file. Every length is checked against what is left of the file before memory is
//! taken for it.

use std::io::Read;

use crate::Error;

/// Bytes that are decoded at once.
const CHUNK_BYTES: usize = 1 << 16;

/// A model file that is read from start to end.
pub(super) struct Input<R> {
    reader: R,
    left: u64,
}

/// The error of a file that is not what it should be.
pub(super) fn malformed(reason: impl Into<String>) -> Error {
    Error::Model {
        kind: "fastText",
        reason: reason.into(),
    }
}

impl<R: Read> Input<R> {
    pub(super) const fn new(reader: R, bytes: u64) -> Self {
        Self {
            reader,
            left: bytes,
        }
    }

    /// Fails unless the file has this many more items.
    pub(super) fn expect(&self, items: u64, item_bytes: u64, what: &str) -> Result<usize, Error> {
        items
            .checked_mul(item_bytes)
            .filter(|&bytes| bytes <= self.left)
            .and_then(|_| usize::try_from(items).ok())
            .ok_or_else(|| {
                malformed(format!(
                    "it announces {items} x {item_bytes} bytes of {what} where {} bytes are left",
                    self.left
                ))
            })
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        self.expect(buffer.len() as u64, 1, "values")?;
        self.reader
            .read_exact(buffer)
            .map_err(|error| malformed(error.to_string()))?;
        self.left -= buffer.len() as u64;
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.array::<1>()?[0] != 0)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn i32(&mut self) -> Result<i32, Error> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64, Error> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// An `i32` that is a number of things.
    pub(super) fn count(&mut self, what: &str) -> Result<usize, Error> {
        let value = self.i32()?;
        usize::try_from(value).map_err(|_| malformed(format!("the number of {what} is {value}")))
    }

    /// An `i64` that is a number of things.
    pub(super) fn long_count(&mut self, what: &str) -> Result<u64, Error> {
        let value = self.i64()?;
        u64::try_from(value).map_err(|_| malformed(format!("the number of {what} is {value}")))
    }

    /// Bytes up to a zero byte, which is not part of them.
    pub(super) fn word(&mut self) -> Result<Vec<u8>, Error> {
        let mut word = Vec::new();
        loop {
            match self.byte()? {
                0 => return Ok(word),
                byte => word.push(byte),
            }
        }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Error> {
        self.expect(count as u64, 1, "codes")?;
        let mut bytes = vec![0; count];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn floats(&mut self, count: u64) -> Result<Vec<f32>, Error> {
        let count = self.expect(count, 4, "numbers")?;
        let mut floats = Vec::with_capacity(count);
        let mut chunk = vec![0; CHUNK_BYTES.min(count * 4)];
        while floats.len() < count {
            let bytes = &mut chunk[..CHUNK_BYTES.min((count - floats.len()) * 4)];
            self.fill(bytes)?;
            let decoded = bytes
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
            floats.extend(decoded);
        }
        if floats.iter().any(|number| !number.is_finite()) {
            return Err(malformed("one of its numbers is infinite or none"));
        }
        Ok(floats)
    }
}
