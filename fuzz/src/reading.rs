//! The readers of text formats.

use dfrs_storage::{Format, Options, Origin, Reader, Scan};

/// A file, the size of the pieces that it arrives in, the size of a block, and whether bad records are skipped.
pub type Bytes<'a> = (&'a [u8], u8, u8, bool);

/// Any bytes as CSV and TSV, in any pieces: the same answer for any block size.
pub fn csv(input: Bytes<'_>) {
    same_in_any_pieces([Format::Csv(b','), Format::Csv(b'\t')], input);
}

/// Any bytes as JSON Lines and as a JSON array, in any pieces: the same answer for any block size.
pub fn json_lines(input: Bytes<'_>) {
    same_in_any_pieces([Format::JsonLines, Format::Json], input);
}

fn same_in_any_pieces(formats: [Format; 2], (bytes, piece, block, skip): Bytes<'_>) {
    for format in formats {
        let mut options = Options::new(format);
        options.skip = skip;
        let whole = read(bytes, 1 << 18, &options);
        options.batch_rows = usize::from(block % 8) + 1;
        options.batch_bytes = usize::from(block) + 1;
        assert_eq!(whole, read(bytes, usize::from(piece) + 1, &options));
    }
}

/// The schema, the number of rows, and the number of bad records; or the message.
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
