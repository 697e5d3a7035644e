//! Numbers that look random and follow from a seed (`SplitMix64`), so that a run can be repeated.

/// The generator.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("numbers here are small");
        usize::try_from(self.next() % end).expect("it is below a usize")
    }

    /// True once in so many times.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn choose<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A size up to `largest`: most are small, each order of magnitude is met.
    pub(super) fn size(&mut self, largest: usize) -> usize {
        let magnitude = self.choose(&[1, 16, 256, 256, 4 << 10, 4 << 10, 20 << 10, 200 << 10]);
        self.below(largest.min(magnitude) + 1)
    }
}

/// Bytes of a body that follow from their place, so that a lost or moved piece shows.
pub(super) fn pattern(seed: usize, length: usize) -> Vec<u8> {
    let byte = |at: usize| b'a' + u8::try_from((at * 7 + at / 251 + seed) % 26).expect("it is below 26");
    (0..length).map(byte).collect()
}
