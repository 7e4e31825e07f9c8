//! Chance, as the seed has it.

/// splitmix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The chance of one worker of many.
    pub fn of(seed: u64, worker: usize) -> Self {
        let mut rng = Rng(seed ^ (worker as u64).wrapping_mul(0xd134_2543_de82_ef95));
        rng.next();
        rng
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..end`; 0 if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// Each as often as it is said, in any order.
    pub fn shuffled<T: Copy>(&mut self, cards: &[(T, usize)]) -> Vec<T> {
        let mut all: Vec<T> =
            cards.iter().flat_map(|&(card, times)| std::iter::repeat_n(card, times)).collect();
        for i in (1..all.len()).rev() {
            let j = usize::try_from(self.below(i as u64 + 1)).expect("small");
            all.swap(i, j);
        }
        all
    }
}
