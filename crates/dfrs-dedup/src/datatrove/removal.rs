//! Which texts datatrove removes: texts that are neighbours among the sorted signatures of a bucket and equal are joined,
//! the smaller set to the larger, and of every set the root stays. Which one that is depends on the order of joining, so
//! the order is datatrove's: bucket by bucket, by signature, file and number.

use super::Config;
use crate::Error;
use std::collections::HashMap;

/// A text: its file and its number there.
type Node = (u32, u32);

/// The numbers of removed texts per file, ascending: the content of the `.remove` files. `buckets` has for every bucket
/// the bytes of the signature files, in the order of file numbers.
pub fn removals(config: &Config, buckets: &[Vec<&[u8]>]) -> Result<Vec<Vec<u32>>, Error> {
    let width = if config.narrow { 4 } else { 8 };
    let record = config.hashes_per_bucket * width + 4;
    let files = buckets.iter().map(Vec::len).max().unwrap_or(0);
    let mut sets = Sets::default();
    for bucket in buckets {
        let mut records: Vec<(Vec<u64>, u32, u32)> = Vec::new();
        for (bytes, file) in bucket.iter().zip(0..) {
            if bytes.len() % record != 0 {
                return Err(Error::Corrupt {
                    file: format!("signature file {file}"),
                    what: format!(
                        "its {} bytes are no multiple of {record}, the length of a record",
                        bytes.len()
                    ),
                });
            }
            records.extend(bytes.chunks_exact(record).map(|record| {
                let (values, row) = record.split_at(record.len() - 4);
                let value = |bytes: &[u8]| {
                    bytes
                        .iter()
                        .rev()
                        .fold(0, |value, &byte| value << 8 | u64::from(byte))
                };
                (
                    values.chunks_exact(width).map(value).collect(),
                    file,
                    value(row) as u32,
                )
            }));
        }
        records.sort_unstable();
        for two in records.windows(2).filter(|two| two[0].0 == two[1].0) {
            sets.join((two[0].1, two[0].2), (two[1].1, two[1].2));
        }
    }
    let mut removed = vec![Vec::new(); files];
    for (file, row) in sets.not_roots() {
        removed[file as usize].push(row);
    }
    Ok(removed)
}

#[derive(Default)]
struct Sets {
    numbers: HashMap<Node, usize>,
    nodes: Vec<Node>,
    parents: Vec<usize>,
    sizes: Vec<u32>,
}

impl Sets {
    fn root(&mut self, node: Node) -> usize {
        let next = self.nodes.len();
        let mut number = *self.numbers.entry(node).or_insert(next);
        if number == next {
            self.nodes.push(node);
            self.parents.push(next);
            self.sizes.push(1);
        }
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    fn join(&mut self, one: Node, other: Node) {
        let (mut one, mut other) = (self.root(one), self.root(other));
        if one == other {
            return;
        }
        if self.sizes[one] < self.sizes[other] {
            std::mem::swap(&mut one, &mut other);
        }
        self.parents[other] = one;
        self.sizes[one] += self.sizes[other];
    }

    fn not_roots(&self) -> Vec<Node> {
        let nodes = self.nodes.iter().zip(&self.parents).enumerate();
        let mut found: Vec<Node> = nodes
            .filter(|(number, (_, parent))| *number != **parent)
            .map(|(_, (node, _))| *node)
            .collect();
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_the_larger_set_stays() {
        let config = Config {
            num_buckets: 2,
            hashes_per_bucket: 1,
            narrow: true,
            ..Config::default()
        };
        let record = |value: u32, row: u32| [value.to_le_bytes(), row.to_le_bytes()].concat();
        let first = [record(1, 2), record(1, 3), record(5, 0)].concat();
        let other_file = [record(9, 0)].concat();
        let second = [record(4, 0), record(4, 3), record(7, 1)].concat();
        let buckets = [vec![&first[..], &other_file], vec![&second[..], &[]]];
        assert_eq!(removals(&config, &buckets), Ok(vec![vec![0, 3], vec![]]));
        let error = removals(&config, &[vec![&first[1..]]]).expect_err("a byte is missing");
        assert!(
            error
                .to_string()
                .contains("its 23 bytes are no multiple of 8"),
            "{error}"
        );
    }
}
