//! The index on disk.

use dfrs_dedup::Error;
use dfrs_dedup::minhash::{DedupIndex, Match, Settings};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Which file is damaged, where, by which bits, and how many bytes are cut from its end.
pub type IndexDamage = (u8, u16, u8, u16);

const TEXTS: [&str; 4] = [
    "one two three four five six seven",
    "one two three four five six eight",
    "short",
    "",
];

/// Any damage to one file of an index: an error that names it, or the right answer; never a panic or a wrong answer.
pub fn dedup_index((file, at, bits, cut): IndexDamage) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("dfrs-fuzz-{}-{number}", std::process::id()));
    let expected = build(&folder);
    let files = [
        "INDEX",
        "part-000000/documents",
        "part-000000/sets",
        "part-000000/digests",
        "part-000000/bands",
    ];
    let path = folder.join(files[usize::from(file) % files.len()]);
    let mut bytes = std::fs::read(&path).expect("the index was written");
    let len = bytes.len();
    bytes[usize::from(at) % len] ^= bits;
    bytes.truncate(len - usize::from(cut) % len);
    std::fs::write(&path, bytes).expect("a writable folder");
    match ask(&folder) {
        Ok(found) => assert_eq!(found, expected),
        Err(Error::Corrupt { file, .. }) => assert_eq!(PathBuf::from(file), path),
        Err(other) => panic!("{other}"),
    }
    std::fs::remove_dir_all(&folder).expect("a writable folder");
}

fn build(folder: &Path) -> Vec<Option<Match>> {
    let mut index = DedupIndex::open(folder, Settings::default()).expect("a new folder");
    let mut addition = index.begin(0).expect("a writable folder");
    addition.add(&TEXTS.map(Some)).expect("a writable folder");
    index.commit(addition).expect("a writable folder");
    ask(folder).expect("a whole index")
}

fn ask(folder: &Path) -> Result<Vec<Option<Match>>, Error> {
    DedupIndex::open(folder, Settings::default())?.query(&TEXTS.map(Some), 0)
}
