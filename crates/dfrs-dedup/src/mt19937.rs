//! The Mersenne Twister as `numpy.random.RandomState` draws from it, because the permutations of `datasketch` come from
//! there. Invariant: the sequence equals numpy's legacy generator for every seed. Source: M. Matsumoto, T. Nishimura,
//! "Mersenne Twister" (1998); the bounded draw is numpy's legacy masked rejection.

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// The generator's state.
pub struct Mt19937 {
    key: [u32; SIZE],
    position: usize,
}

impl Mt19937 {
    /// Seeds the state with the 1998 recurrence, as `RandomState(seed)` does for an integer.
    pub fn new(seed: u32) -> Self {
        let mut key = [seed; SIZE];
        for i in 1..SIZE {
            let last = key[i - 1];
            key[i] = (last ^ (last >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(i as u32);
        }
        Self {
            key,
            position: SIZE,
        }
    }

    fn refill(&mut self) {
        for i in 0..SIZE {
            let joined = (self.key[i] & 0x8000_0000) | (self.key[(i + 1) % SIZE] & 0x7fff_ffff);
            let twist = if joined & 1 == 0 { 0 } else { 0x9908_b0df };
            self.key[i] = self.key[(i + SHIFT) % SIZE] ^ (joined >> 1) ^ twist;
        }
        self.position = 0;
    }

    /// Draws 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.position == SIZE {
            self.refill();
        }
        let mut bits = self.key[self.position];
        self.position += 1;
        bits ^= bits >> 11;
        bits ^= (bits << 7) & 0x9d2c_5680;
        bits ^= (bits << 15) & 0xefc6_0000;
        bits ^ (bits >> 18)
    }

    /// Draws 64 bits, the high half first.
    pub fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        high << 32 | u64::from(self.next_u32())
    }

    /// Draws uniformly from `low..high`: 64 bits are masked to the width of the range and redrawn when outside.
    pub fn below(&mut self, low: u64, high: u64) -> u64 {
        let range = high - 1 - low;
        debug_assert!(
            range > u64::from(u32::MAX),
            "numpy draws narrow ranges from 32 bits"
        );
        let mask = u64::MAX >> range.leading_zeros();
        loop {
            let value = self.next_u64() & mask;
            if value <= range {
                return low + value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_the_published_test_sequence() {
        // numpy.random.RandomState(5489) is the reference program's default seed; first and 10 000th output.
        let mut generator = Mt19937::new(5489);
        assert_eq!(generator.next_u32(), 3_499_211_612);
        let last = (2..=10_000).map(|_| generator.next_u32()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    #[test]
    fn bounded_draws_stay_inside() {
        let mut generator = Mt19937::new(7);
        for _ in 0..10_000 {
            let value = generator.below(1, (1 << 40) + 1);
            assert!((1..=1 << 40).contains(&value));
        }
    }
}
