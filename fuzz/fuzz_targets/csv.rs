//! Any bytes as CSV and TSV, in any pieces: no panic, and the same answer for any block size.
#![no_main]

use dfrs_storage::{Format, Options, Origin, Reader, Scan};
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8], piece: usize, options: &Options) -> Result<(String, usize, usize), String> {
    let files = vec![Origin::Memory("file".to_owned(), bytes.to_vec(), piece)];
    let mut scan = Scan::new(files.clone(), options.clone());
    while scan.step().map_err(|error| error.to_string())? {}
    let schema = scan.finish().map_err(|error| error.to_string())?;
    let mut reader = Reader::new(files, options, schema).map_err(|error| error.to_string())?;
    let mut rows = 0;
    while let Some(batch) = reader.next().map_err(|error| error.to_string())? {
        rows += batch.num_rows();
    }
    Ok((reader.schema().to_string(), rows, reader.take_bad().len()))
}

fuzz_target!(|input: (&[u8], u8, u8, bool)| {
    let (bytes, piece, block, skip) = input;
    for format in [Format::Csv(b','), Format::Csv(b'\t')] {
        let mut options = Options::new(format);
        options.skip = skip;
        let whole = read(bytes, 1 << 18, &options);
        options.batch_rows = usize::from(block % 8) + 1;
        options.batch_bytes = usize::from(block) + 1;
        assert_eq!(whole, read(bytes, usize::from(piece) + 1, &options));
    }
});
