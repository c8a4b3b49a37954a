//! What the tests share: reading bytes in memory, and batches as JSON values.
#![allow(dead_code)] // each test file uses a part

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use dfrs_storage::{BadRecord, Compression, Error, Format, Options, Origin, Reader, Scan, Writer};
use serde_json::Value;

/// Everything that reading yields.
pub struct Read {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub bad: Vec<BadRecord>,
    pub replaced: u64,
}

pub fn options(format: &str) -> Options {
    Options::new(Format::named(format).expect("a format"))
}

pub fn memory(bytes: &[u8]) -> Vec<Origin> {
    vec![Origin::Memory("file".to_owned(), bytes.to_vec(), 1 << 18)]
}

/// Both passes.
pub fn read(files: &[Origin], options: &Options) -> Result<Read, Error> {
    let mut scan = Scan::new(files.to_vec(), options.clone());
    while scan.step()? {}
    read_as(files, options, scan.finish()?)
}

/// The second pass alone.
pub fn read_as(files: &[Origin], options: &Options, schema: SchemaRef) -> Result<Read, Error> {
    let mut reader = Reader::new(files.to_vec(), options, schema)?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next()? {
        batches.push(batch);
    }
    Ok(Read {
        schema: reader.schema().clone(),
        batches,
        bad: reader.take_bad(),
        replaced: reader.replaced(),
    })
}

/// The rows as JSON, by way of the writer.
pub fn rows(read: &Read) -> Vec<Value> {
    let text = written(&read.schema, &read.batches, Format::JsonLines)
        .expect("JSON holds what came from JSON");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("the writer writes JSON"))
        .collect()
}

/// The text that the writer makes of batches.
pub fn written(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    format: Format,
) -> Result<String, Error> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!(
        "dfrs-storage-{}-{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let path = std::env::temp_dir().join(name);
    let mut writer = Writer::create(&path, format, schema.clone(), Compression::Plain)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    let text = std::fs::read_to_string(&path).expect("the writer writes UTF-8");
    std::fs::remove_file(&path).expect("the file is there");
    Ok(text)
}

/// `name: Type` for every column.
pub fn described(schema: &Schema) -> String {
    let fields = schema.fields().iter();
    let fields: Vec<String> = fields
        .map(|field| format!("{}: {}", field.name(), field.data_type()))
        .collect();
    fields.join(", ")
}
