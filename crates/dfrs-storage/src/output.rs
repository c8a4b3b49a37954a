//! A file that appears under its name only when it is complete: written beside it, fsynced, renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::write::GzEncoder;

use crate::error::Error;

const BUFFER: usize = 1 << 17;
const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// zstd with a checksum.
    Zstd,
}

impl Compression {
    /// The compression of a name: `none`, `gzip` or `zstd`.
    pub fn named(name: &str) -> Result<Self, Error> {
        match name {
            "none" => Ok(Self::Plain),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            other => Err(Error::Parameter(format!(
                "compression: '{other}' is not one of none, gzip, zstd"
            ))),
        }
    }
}

/// A file being written. Dropped before [`Output::commit`], it leaves nothing behind.
pub struct Output {
    path: PathBuf,
    temporary: PathBuf,
    sink: Option<Sink>,
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Output {
    /// Begins a file; what stands under the name stays until `commit`.
    pub fn create(path: &Path, compression: Compression) -> Result<Self, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_file_name(format!(".{name}.{}-{number}.tmp", process::id()));
        let sink = Sink::create(&temporary, compression).map_err(|source| failed(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            sink: Some(sink),
        })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match self.sink.as_mut().expect("open until commit") {
            Sink::Plain(file) => file.write_all(bytes),
            Sink::Gzip(file) => file.write_all(bytes),
            Sink::Zstd(file) => file.write_all(bytes),
        };
        written.map_err(|source| failed(&self.path, source))
    }

    /// Ends the file and gives it its name.
    pub fn commit(mut self) -> Result<(), Error> {
        let sink = self.sink.take().expect("open until commit");
        sink.end()
            .and_then(|()| fs::rename(&self.temporary, &self.path))
            .and_then(|()| sync_folder(&self.path))
            .map_err(|source| failed(&self.path, source))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.sink = None;
        let _ = fs::remove_file(&self.temporary); // gone after commit
    }
}

impl Sink {
    fn create(path: &Path, compression: Compression) -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER, File::create_new(path)?);
        Ok(match compression {
            Compression::Plain => Self::Plain(file),
            Compression::Gzip => {
                Self::Gzip(GzEncoder::new(file, flate2::Compression::new(GZIP_LEVEL)))
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    fn end(self) -> io::Result<()> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Gzip(file) => file.finish()?,
            Self::Zstd(file) => file.finish()?,
        };
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}

/// Makes the rename last; only Unix lets a folder be opened for that.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Io {
        file: path.display().to_string(),
        source,
    }
}
