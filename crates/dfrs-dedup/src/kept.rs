//! The signatures of kept rows. They lie in segments of fixed size, so that an index of many gigabytes grows without
//! ever copying itself.

use crate::Error;

const SEGMENT_BITS: u32 = 12;
const SEGMENT: usize = 1 << SEGMENT_BITS;
/// No older row with the same band.
const NONE: u32 = u32::MAX;

/// Row numbers and signatures by slot, and for every band the next older slot with the same content of that band.
pub struct Kept {
    width: usize,
    bands: usize,
    rows: Vec<u64>,
    segments: Vec<Vec<u32>>,
    older: Vec<u32>,
}

impl Kept {
    /// `bands` is 0 where rows that share a band are never kept together, so that nothing needs a link.
    pub const fn new(width: usize, bands: usize) -> Self {
        Self {
            width,
            bands,
            rows: Vec::new(),
            segments: Vec::new(),
            older: Vec::new(),
        }
    }

    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn row(&self, slot: u32) -> u64 {
        self.rows[slot as usize]
    }

    pub fn signature(&self, slot: u32) -> &[u32] {
        let start = (slot as usize & (SEGMENT - 1)) * self.width;
        &self.segments[(slot >> SEGMENT_BITS) as usize][start..start + self.width]
    }

    /// Stores a row and returns its slot.
    pub fn push(&mut self, row: u64, signature: &[u32]) -> Result<u32, Error> {
        let slot = u32::try_from(self.rows.len())
            .ok()
            .filter(|&slot| slot != NONE);
        let slot = slot.ok_or(Error::Full(self.rows.len()))?;
        if self.rows.len().is_multiple_of(SEGMENT) {
            // The first segment grows as it fills: a small index stays small.
            let capacity = if slot == 0 { 0 } else { SEGMENT * self.width };
            self.segments.push(Vec::with_capacity(capacity));
        }
        self.rows.push(row);
        self.segments[(slot >> SEGMENT_BITS) as usize].extend_from_slice(signature);
        self.older.resize(self.older.len() + self.bands, NONE);
        Ok(slot)
    }

    pub fn link(&mut self, slot: u32, band: usize, older: u32) {
        let place = slot as usize * self.bands + band;
        self.older[place] = older;
    }

    pub fn older(&self, slot: u32, band: usize) -> Option<u32> {
        let older = *self.older.get(slot as usize * self.bands + band)?;
        (older != NONE).then_some(older)
    }
}
