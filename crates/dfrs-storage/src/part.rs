//! Part files of the step store: one record batch as an Arrow IPC file (LZ4), checksummed, complete or not there at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Cursor, Write};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{ArrowError, Schema};
use rayon::prelude::*;

use crate::error::Error;

/// Size and CRC-32 of a file.
pub type Seal = (u64, u32);

/// Writes a batch under a temporary name and renames it; returns size and CRC-32. The disk has it after [`sync`].
pub fn write(path: &Path, batch: &RecordBatch) -> Result<Seal, Error> {
    let temporary = temporary(path);
    let written = write_as(&temporary, path, batch);
    if written.is_err() {
        // The error that matters is the first one; a leftover is never read.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_as(temporary: &Path, path: &Path, batch: &RecordBatch) -> Result<Seal, Error> {
    let failed = |source| Error::Io {
        file: path.display().to_string(),
        source,
    };
    let mut sink = Sealing::new(BufWriter::new(File::create(temporary).map_err(failed)?));
    let options = IpcWriteOptions::default()
        .try_with_compression(Some(CompressionType::LZ4_FRAME))
        .map_err(|error| arrow(path, error))?;
    let mut writer = FileWriter::try_new_with_options(&mut sink, &batch.schema(), options)
        .map_err(|error| arrow(path, error))?;
    writer.write(batch).map_err(|error| arrow(path, error))?;
    writer.finish().map_err(|error| arrow(path, error))?;
    drop(writer);
    let (seal, buffered) = sink.finish();
    buffered
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    fs::rename(temporary, path).map_err(failed)?;
    Ok(seal)
}

/// Waits until the disk has the files. Syncing several together costs little more than one.
pub fn sync(paths: &[PathBuf]) -> Result<(), Error> {
    paths.par_iter().try_for_each(|path| {
        File::open(path)
            .and_then(|file| file.sync_all())
            .map_err(|source| Error::Io {
                file: path.display().to_string(),
                source,
            })
    })
}

/// Reads a batch, or the columns named, after checking size and checksum; None: the file is not the one written.
pub fn read(
    path: &Path,
    expected: Seal,
    columns: Option<&[String]>,
) -> Result<Option<RecordBatch>, Error> {
    let content = fs::read(path).map_err(|source| Error::Io {
        file: path.display().to_string(),
        source,
    })?;
    if (content.len() as u64, crc32(&content)) != expected {
        return Ok(None);
    }
    let read = || {
        let projection = match columns {
            None => None,
            Some(names) => Some(positions(
                &FileReader::try_new(Cursor::new(&content), None)?.schema(),
                names,
            )?),
        };
        let mut reader = FileReader::try_new(Cursor::new(&content), projection)?;
        reader
            .next()
            .unwrap_or_else(|| Ok(RecordBatch::new_empty(reader.schema())))
    };
    read().map(Some).map_err(|error| arrow(path, error))
}

fn positions(schema: &Schema, names: &[String]) -> Result<Vec<usize>, ArrowError> {
    names.iter().map(|name| schema.index_of(name)).collect()
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(bytes);
    hasher.finalize()
}

fn arrow(path: &Path, error: ArrowError) -> Error {
    let file = path.display().to_string();
    match error {
        ArrowError::IoError(_, source) => Error::Io { file, source },
        other => Error::Part {
            file,
            source: other,
        },
    }
}

/// Counts and checksums what passes.
struct Sealing<W> {
    inner: W,
    size: u64,
    hasher: crc32fast::Hasher,
}

impl<W: Write> Sealing<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            size: 0,
            hasher: crc32fast::Hasher::new(),
        }
    }

    fn finish(self) -> (Seal, W) {
        ((self.size, self.hasher.finalize()), self.inner)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int64Array, StringViewArray};

    use super::*;

    fn batch() -> RecordBatch {
        let texts = StringViewArray::from(vec![
            Some("a"),
            None,
            Some("a text of more than twelve bytes"),
        ]);
        RecordBatch::try_from_iter([
            ("n", Arc::new(Int64Array::from(vec![1, 2, 3])) as _),
            ("text", Arc::new(texts) as _),
        ])
        .expect("columns have one length")
    }

    fn path(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("dfrs-part-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        folder.join("part-000000.arrow")
    }

    #[test]
    fn what_was_written_is_read() {
        let path = path("whole");
        let seal = write(&path, &batch()).expect("written");
        sync(std::slice::from_ref(&path)).expect("the file is there");
        assert_eq!(read(&path, seal, None).expect("read"), Some(batch()));
        let text = ["text".to_owned()];
        let found = read(&path, seal, Some(&text))
            .expect("read")
            .expect("undamaged");
        assert_eq!(found, batch().project(&[1]).expect("there are two columns"));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let path = path("flipped");
        let seal = write(&path, &batch()).expect("written");
        let content = fs::read(&path).expect("read");
        for position in 0..content.len() {
            let mut damaged = content.clone();
            damaged[position] ^= 1;
            fs::write(&path, damaged).expect("written");
            assert_eq!(
                read(&path, seal, None).expect("read"),
                None,
                "byte {position}"
            );
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_and_leaves_nothing() {
        let path = path("missing").with_file_name("no/such/part.arrow");
        assert!(matches!(write(&path, &batch()), Err(Error::Io { .. })));
    }
}
