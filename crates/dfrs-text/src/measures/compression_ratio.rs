//! How well a text compresses: the bytes of a zlib stream divided by those of the text.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Deserialize;

use crate::measure::Measure;

/// The ratio; none for the empty text. Repetitive texts have a low one, very short ones more than 1.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompressionRatio {
    /// From 1, fast, to 9, small.
    pub level: u32,
}

/// Counts what is written to it.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Measure for CompressionRatio {
    fn names(&self) -> &'static [&'static str] {
        &["ratio"]
    }

    fn measure(&self, text: &str, values: &mut [Option<f64>]) {
        let mut encoder = ZlibEncoder::new(Length(0), Compression::new(self.level.min(9)));
        let written = encoder.write_all(text.as_bytes());
        let length = written.and_then(|()| encoder.finish());
        let compressed = length.expect("counting never fails").0;
        values[0] = (!text.is_empty()).then(|| compressed as f64 / text.len() as f64);
    }
}
