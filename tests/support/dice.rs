//! Random choices that can be made again: the seed is printed, and `SLIPWAY_TEST_SEED` brings it back.

/// SplitMix64 (Steele, Lea and Flood, 2014): every seed is as good as any other.
pub struct Dice {
    state: u64,
}

impl Dice {
    /// With the seed from the environment, or a fresh one; both are printed.
    pub fn from_environment() -> Self {
        let given = std::env::var("SLIPWAY_TEST_SEED").ok();
        let seed = given
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        eprintln!("to repeat these choices: SLIPWAY_TEST_SEED={seed}");
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or(0)
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}
