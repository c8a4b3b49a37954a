//! From the mean of a text's rows to the probabilities of the labels, by the loss that the model was trained with.

use super::format::malformed;
use super::matrix::Matrix;
use crate::Error;

/// Counts from here on would be mistaken for nodes that are still to come.
const MAX_COUNT: i64 = 1_000_000_000_000_000;
/// The reference looks sigmoids up: steps, and the value from which on they are 0 or 1.
const SIGMOID_STEPS: f32 = 512.0;
const MAX_SIGMOID: f32 = 8.0;

/// How scores become probabilities.
pub(super) enum Loss {
    Softmax,
    /// One against all, or negative sampling: a sigmoid for each label.
    Sigmoid,
    /// A Huffman tree of yes-or-no decisions.
    Hierarchical(Tree),
}

/// The children of the inner nodes, by node minus number of labels; nodes below that number are labels.
pub(super) struct Tree {
    children: Vec<[u32; 2]>,
    parents: Vec<u32>,
}

/// The best labels with their log-probabilities, best first; the smaller label first if they are equal.
pub(super) struct Best {
    labels: usize,
    found: Vec<(f32, u32)>,
}

/// The logarithm as the reference takes it, which knows no zero.
fn log(value: f64) -> f32 {
    (value + 1e-5).ln() as f32
}

fn sigmoid(value: f32) -> f32 {
    (1.0 / (1.0 + f64::from((-value).exp()))) as f32
}

impl Loss {
    /// Leaves the probability of every label in `outputs`.
    pub(super) fn all(&self, matrix: &Matrix, hidden: &[f32], outputs: &mut Vec<f32>) {
        outputs.clear();
        match self {
            Self::Softmax => {
                outputs.extend((0..matrix.rows()).map(|label| matrix.dot(label, hidden)));
                let max = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let mut sum = 0.0;
                for output in outputs.iter_mut() {
                    *output = (*output - max).exp();
                    sum += *output;
                }
                for output in outputs.iter_mut() {
                    *output /= sum;
                }
            }
            Self::Sigmoid => {
                outputs.extend(
                    (0..matrix.rows()).map(|label| stepped_sigmoid(matrix.dot(label, hidden))),
                );
            }
            Self::Hierarchical(tree) => {
                let labels = tree.labels();
                outputs.resize(labels, 0.0);
                tree.walk(matrix, hidden, &mut |label, score| {
                    outputs[label as usize] = score.exp();
                });
            }
        }
    }

    /// The best labels.
    pub(super) fn best(
        &self,
        matrix: &Matrix,
        hidden: &[f32],
        labels: usize,
        outputs: &mut Vec<f32>,
    ) -> Best {
        let mut best = Best {
            labels,
            found: Vec::new(),
        };
        if let Self::Hierarchical(tree) = self {
            tree.search(matrix, hidden, &mut best);
        } else {
            self.all(matrix, hidden, outputs);
            for (label, &output) in outputs.iter().enumerate() {
                best.offer(log(f64::from(output)), label as u32);
            }
        }
        best
    }

    /// The log-probability of one label.
    pub(super) fn one(
        &self,
        matrix: &Matrix,
        hidden: &[f32],
        label: u32,
        outputs: &mut Vec<f32>,
    ) -> f32 {
        match self {
            Self::Softmax => {
                self.all(matrix, hidden, outputs);
                log(f64::from(outputs[label as usize]))
            }
            Self::Sigmoid => log(f64::from(stepped_sigmoid(
                matrix.dot(label as usize, hidden),
            ))),
            Self::Hierarchical(tree) => tree.score(matrix, hidden, label),
        }
    }
}

/// The sigmoid from a table, whose steps are part of what the reference answers.
fn stepped_sigmoid(value: f32) -> f32 {
    if value < -MAX_SIGMOID {
        0.0
    } else if value > MAX_SIGMOID {
        1.0
    } else {
        let step = ((value + MAX_SIGMOID) * SIGMOID_STEPS / MAX_SIGMOID / 2.0).trunc();
        let at = step * 2.0 * MAX_SIGMOID / SIGMOID_STEPS - MAX_SIGMOID;
        (1.0 / (1.0 + f64::from((-at).exp()))) as f32
    }
}

impl Best {
    fn is_hopeless(&self, score: f32) -> bool {
        self.found.len() == self.labels && self.found.last().is_some_and(|last| score < last.0)
    }

    fn offer(&mut self, score: f32, label: u32) {
        let place = self.found.partition_point(|&(other, name)| {
            other
                .total_cmp(&score)
                .reverse()
                .then(name.cmp(&label))
                .is_lt()
        });
        if place < self.labels {
            self.found.truncate(self.labels - 1);
            self.found
                .insert(place.min(self.found.len()), (score, label));
        }
    }

    pub(super) fn into_inner(self) -> Vec<(f32, u32)> {
        self.found
    }
}

impl Tree {
    /// The Huffman tree of labels that occurred so often in training.
    pub(super) fn new(counts: &[i64]) -> Result<Self, Error> {
        let labels = counts.len();
        if let Some(count) = counts.iter().find(|count| !(0..MAX_COUNT).contains(*count)) {
            return Err(malformed(format!("a label was seen {count} times")));
        }
        let mut all = counts.to_vec();
        let mut children = Vec::with_capacity(labels.saturating_sub(1));
        let mut parents = vec![0; (labels * 2).saturating_sub(1)];
        let (mut leaf, mut node) = (labels, labels);
        for parent in labels..parents.len() {
            let mut next = || {
                let joined = all.get(node).copied().unwrap_or(MAX_COUNT);
                if leaf > 0 && all[leaf - 1] < joined {
                    leaf -= 1;
                    leaf
                } else {
                    node += 1;
                    node - 1
                }
            };
            let pair = [next(), next()];
            if pair.iter().any(|&child| child >= parent) {
                return Err(malformed("the labels' counts make no tree"));
            }
            all.push(all[pair[0]].saturating_add(all[pair[1]]));
            for &child in &pair {
                parents[child] = parent as u32;
            }
            children.push(pair.map(|child| child as u32));
        }
        Ok(Self { children, parents })
    }

    fn labels(&self) -> usize {
        self.children.len() + 1
    }

    /// Log-probabilities of both children of an inner node.
    fn decide(&self, matrix: &Matrix, hidden: &[f32], node: u32, score: f32) -> [(u32, f32); 2] {
        let inner = node as usize - self.labels();
        let right = sigmoid(matrix.dot(inner, hidden));
        let [left_child, right_child] = self.children[inner];
        [
            (left_child, score + log(f64::from(1.0 - right))),
            (right_child, score + log(f64::from(right))),
        ]
    }

    fn root(&self) -> u32 {
        (self.children.len() * 2) as u32
    }

    /// Finds the best labels, the likelier branch first, and leaves out what cannot be among them.
    fn search(&self, matrix: &Matrix, hidden: &[f32], best: &mut Best) {
        let mut open = vec![(self.root(), 0.0)];
        while let Some((node, score)) = open.pop() {
            if best.is_hopeless(score) {
                continue;
            }
            if (node as usize) < self.labels() {
                best.offer(score, node);
                continue;
            }
            let [left, right] = self.decide(matrix, hidden, node, score);
            open.extend(if left.1 > right.1 {
                [right, left]
            } else {
                [left, right]
            });
        }
    }

    fn walk(&self, matrix: &Matrix, hidden: &[f32], found: &mut impl FnMut(u32, f32)) {
        let mut open = vec![(self.root(), 0.0)];
        while let Some((node, score)) = open.pop() {
            if (node as usize) < self.labels() {
                found(node, score);
            } else {
                open.extend(self.decide(matrix, hidden, node, score));
            }
        }
    }

    fn score(&self, matrix: &Matrix, hidden: &[f32], label: u32) -> f32 {
        let mut path = vec![label];
        while path.last() != Some(&self.root()) {
            path.push(self.parents[path[path.len() - 1] as usize]);
        }
        let mut score = 0.0;
        for step in path.windows(2).rev() {
            let children = self.decide(matrix, hidden, step[1], score);
            score = children[usize::from(children[1].0 == step[0])].1;
        }
        score
    }
}
