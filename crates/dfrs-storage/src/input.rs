//! The bytes of a file, decompressed. Compression is told from the first bytes, so that a `.jsonl.gz` which a download
//! tool has already unpacked reads as well as one it has not.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use flate2::read::MultiGzDecoder;

use crate::error::Error;

/// Bytes that are read at once.
pub const PIECE: usize = 1 << 18;
/// Decompressed pieces that may wait for the parser.
const WAITING: usize = 2;
/// The largest window zstd knows: files written with `--long=31` are read as they are.
const WINDOW_LOG_MAX: u32 = 31;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// A zstd file may begin with a skippable frame: 0x184D2A50 to 0x184D2A5F, least byte first.
const ZSTD_SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// A file as a sequence of pieces.
pub struct Input {
    file: String,
    kind: &'static str,
    source: Source,
    first: bool,
}

enum Source {
    Plain(File),
    /// A thread decompresses while the parser works. It ends when the receiver is dropped.
    Decompressed(Receiver<io::Result<Vec<u8>>>),
    /// Bytes, how many were read, and how many to read at once.
    Memory(Vec<u8>, usize, usize),
}

impl Input {
    /// Opens a file and looks at its first bytes.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |source| Error::Io {
            file: name.clone(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let mut head = [0; 4];
        let known = fill(&mut file, &mut head).map_err(failed)?;
        io::Seek::rewind(&mut file).map_err(failed)?;
        let head = &head[..known];
        let (kind, source) = if head.starts_with(GZIP) {
            let decoder = MultiGzDecoder::new(BufReader::with_capacity(PIECE, file));
            ("gzip", ahead(decoder))
        } else if head.starts_with(ZSTD) || is_skippable(head) {
            let mut decoder = zstd::Decoder::with_buffer(BufReader::with_capacity(PIECE, file))
                .map_err(failed)?;
            decoder.window_log_max(WINDOW_LOG_MAX).map_err(failed)?;
            ("zstd", ahead(decoder))
        } else {
            ("plain", Source::Plain(file))
        };
        Ok(Self {
            file: name,
            kind,
            source,
            first: true,
        })
    }

    /// Bytes in memory under a name, for tests and fuzzing; they arrive in pieces of the given size.
    pub fn memory(name: &str, bytes: Vec<u8>, piece: usize) -> Self {
        Self {
            file: name.to_owned(),
            kind: "plain",
            source: Source::Memory(bytes, 0, piece.max(1)),
            first: true,
        }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Appends the next piece to `bytes`; false at the end of the file. A byte order mark is left out.
    pub fn read(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Error> {
        let before = bytes.len();
        let outcome = match &mut self.source {
            Source::Plain(file) => file.by_ref().take(PIECE as u64).read_to_end(bytes),
            Source::Decompressed(pieces) => match pieces.recv() {
                Ok(Ok(piece)) => {
                    bytes.extend_from_slice(&piece);
                    Ok(piece.len())
                }
                Ok(Err(error)) => Err(error),
                Err(_) => Ok(0),
            },
            Source::Memory(all, at, piece) => {
                // The first piece must show a whole byte order mark, as those of files do.
                let piece = if self.first {
                    (*piece).max(BYTE_ORDER_MARK.len())
                } else {
                    *piece
                };
                let end = all.len().min(*at + piece);
                bytes.extend_from_slice(&all[*at..end]);
                let read = end - *at;
                *at = end;
                Ok(read)
            }
        };
        let read = outcome.map_err(|source| self.failed(source))?;
        if std::mem::take(&mut self.first) {
            if bytes[before..].starts_with(BYTE_ORDER_MARK) {
                bytes.drain(before..before + BYTE_ORDER_MARK.len());
            } else {
                self.refuse_utf16(&bytes[before..])?;
            }
        }
        Ok(read > 0)
    }

    fn refuse_utf16(&self, head: &[u8]) -> Result<(), Error> {
        if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return Err(Error::Malformed {
                file: self.file.clone(),
                line: 1,
                column: 1,
                message: "expected UTF-8, found the byte order mark of UTF-16; convert the file, for example with \
                          iconv -f UTF-16 -t UTF-8"
                    .to_owned(),
            });
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> Error {
        let file = self.file.clone();
        match self.source {
            Source::Decompressed(_) => Error::Compressed {
                file,
                kind: self.kind,
                source,
            },
            _ => Error::Io { file, source },
        }
    }
}

fn is_skippable(head: &[u8]) -> bool {
    head.len() == 4 && head[0] & 0xf0 == 0x50 && &head[1..] == ZSTD_SKIPPABLE
}

fn fill(file: &mut File, head: &mut [u8]) -> io::Result<usize> {
    let mut known = 0;
    while known < head.len() {
        match file.read(&mut head[known..])? {
            0 => break,
            read => known += read,
        }
    }
    Ok(known)
}

/// Decompresses on a thread of its own, a few pieces ahead of the parser.
fn ahead(mut decoder: impl Read + Send + 'static) -> Source {
    let (sender, receiver) = sync_channel(WAITING);
    thread::spawn(move || {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let outcome = decoder.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            let (last, message) = match outcome {
                Ok(0) => break,
                Ok(_) => (false, Ok(piece)),
                // What came before the damage is delivered first.
                Err(error) if !piece.is_empty() => {
                    let _ = sender.send(Ok(piece));
                    (true, Err(error))
                }
                Err(error) => (true, Err(error)),
            };
            if sender.send(message).is_err() || last {
                break;
            }
        }
    });
    Source::Decompressed(receiver)
}
