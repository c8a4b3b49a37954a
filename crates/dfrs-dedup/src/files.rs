//! Files of an index or of a run: written once, front to back, then read anywhere. Every read is checked by whoever
//! reads: files know their length, records and blocks their checksum, and what does not fit is an error that names the
//! file.

use crate::Error;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes collected before they are written.
const BUFFER: usize = 1 << 20;

/// The checksum of a record or block; its number is part of it, so that blocks cannot change places unseen.
pub fn checksum(bytes: &[u8], number: u64) -> u64 {
    xxh3_64_with_seed(bytes, number)
}

/// A folder for the files of a run; the temporary ones are gone with the last user.
#[derive(Debug, Clone)]
pub struct Folder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    temporary: bool,
    next: AtomicU64,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.temporary {
            // A folder that cannot be removed is empty on Unix, where unnamed files have no entry.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Folder {
    /// Makes a new folder for temporary files below `parent`.
    pub fn temporary_in(parent: &Path) -> Result<Self, Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("dfrs-dedup-{}-{number}", std::process::id()));
        // Left behind by a killed process that had the same number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).map_err(|error| Error::file(&path, &error))?;
        Ok(Self(Arc::new(Inner {
            path,
            temporary: true,
            next: AtomicU64::new(0),
        })))
    }

    /// Makes a new folder in the system's place for temporary files.
    pub fn temporary() -> Result<Self, Error> {
        Self::temporary_in(&std::env::temp_dir())
    }

    /// An existing folder, whose files stay.
    pub fn lasting(path: &Path) -> Self {
        Self(Arc::new(Inner {
            path: path.to_path_buf(),
            temporary: false,
            next: AtomicU64::new(0),
        }))
    }

    /// A new file of a given name.
    pub fn named(&self, name: &str) -> Result<Store, Error> {
        Store::create(&self.0.path.join(name))
    }

    /// A file that is there.
    pub fn existing(&self, name: &str) -> Result<Store, Error> {
        Store::open(&self.0.path.join(name))
    }

    /// A new file that vanishes with its last user; on Unix also when the process is killed.
    pub fn unnamed(&self) -> Result<Store, Error> {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let store = Store::create(&self.0.path.join(number.to_string()))?;
        if cfg!(unix) {
            fs::remove_file(&store.path).map_err(|error| Error::file(&store.path, &error))?;
        }
        Ok(store)
    }
}

/// An open file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    file: File,
}

impl Store {
    /// Makes a file; one of the same name is replaced.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path);
        Ok(Self {
            file: file.map_err(|error| Error::file(path, &error))?,
            path: path.to_path_buf(),
        })
    }

    /// Opens a file for reading.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            file: File::open(path).map_err(|error| Error::file(path, &error))?,
            path: path.to_path_buf(),
        })
    }

    /// Fails when the file does not have the length it was written with.
    pub fn expect_len(&self, expected: u64) -> Result<(), Error> {
        let len = self
            .file
            .metadata()
            .map_err(|error| Error::file(&self.path, &error))?
            .len();
        if len == expected {
            return Ok(());
        }
        Err(self.corrupt(&format!("it has {len} bytes instead of {expected}")))
    }

    /// The error of a file whose content is not what was written.
    pub fn corrupt(&self, what: &str) -> Error {
        Error::Corrupt {
            file: self.path.display().to_string(),
            what: what.to_owned(),
        }
    }

    /// Appends from the current end on.
    pub fn writer(self: &Arc<Self>) -> Writer {
        Writer {
            store: Arc::clone(self),
            buffer: Vec::with_capacity(BUFFER),
        }
    }

    /// Fills `out` from a position on.
    pub fn read_at(&self, position: u64, out: &mut [u8]) -> Result<(), Error> {
        read_exact_at(&self.file, position, out).map_err(|error| {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                self.corrupt(&format!(
                    "it ends before byte {}",
                    position + out.len() as u64
                ))
            } else {
                Error::file(&self.path, &error)
            }
        })
    }

    /// Makes the file survive a crash of the machine.
    pub fn sync(&self) -> Result<(), Error> {
        self.file
            .sync_all()
            .map_err(|error| Error::file(&self.path, &error))
    }

    fn append(&self, bytes: &[u8]) -> Result<(), Error> {
        (&self.file)
            .write_all(bytes)
            .map_err(|error| Error::file(&self.path, &error))
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, position: u64, out: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, position)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut position: u64, mut out: &mut [u8]) -> std::io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, position)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n => {
                out = &mut out[n..];
                position += n as u64;
            }
        }
    }
    Ok(())
}

/// Buffers what is appended to a file.
pub struct Writer {
    store: Arc<Store>,
    buffer: Vec<u8>,
}

impl Writer {
    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.buffer.len() + bytes.len() > BUFFER && !self.buffer.is_empty() {
            self.store.append(&self.buffer)?;
            self.buffer.clear();
        }
        if bytes.len() >= BUFFER {
            return self.store.append(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Hands everything to the operating system.
    pub fn finish(self) -> Result<(), Error> {
        self.store.append(&self.buffer)
    }
}
