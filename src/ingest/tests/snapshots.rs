//! Queries while others roll, commit and die at every moment between their looks.
use super::*;
use crate::store::state::State;

/// What goes on beside a query.
#[derive(Default)]
struct Beside {
    /// Lines that were written.
    written: usize,
    /// Moments at which something could go on.
    looks: u32,
}

impl Beside {
    fn act(&mut self, world: &mut World, lines: &[String], action: u8) {
        let previous = world.log.join("previous").exists();
        match action % 5 {
            0 | 1 => {
                let end = (self.written + usize::from(action / 5 % 3) + 1).min(lines.len());
                world.write(lines[self.written..end].concat().as_bytes());
                self.written = end;
            }
            2 if previous => world.process().unwrap(),
            2 if world.log.join("current").exists() => world.turn(),
            3 => world.update().unwrap(),
            4 => world.kill_logger(),
            _ => {}
        }
    }
}

/// A query with something going on before the first look at the last commit, before the second … and before the
/// chunks are read. Gives how many lines stood there when the chunks were opened, and what it counted.
fn query_beside(
    world: &mut World,
    lines: &[String],
    beside: &mut Beside,
    mut acts: impl FnMut(u32) -> Vec<u8>,
) -> (usize, State) {
    let (config, feed) = (world.config.clone(), world.feed.clone());
    let job = Job { config: &config, feed: &feed, clock: || NOW.get(), as_root: |what| what() };
    let mut at_least = 0;
    let mut last = || {
        let mut act = |beside: &mut Beside| {
            acts(beside.looks).into_iter().for_each(|action| beside.act(world, lines, action));
            beside.looks += 1;
        };
        at_least = beside.written;
        act(beside);
        let found = match job.store().read()? {
            Some(state) => (state, StateOrigin::Known),
            None => job.store().before_first_commit()?,
        };
        act(beside);
        Ok(found)
    };
    let Snapshot { state, origin, opened } = Snapshot::take(&job, &mut last).unwrap();
    let mut intake = job
        .intake(ReadOptions { archive: false, ..job.read_options(NOW.get(), origin).unwrap() }, state)
        .unwrap();
    for (dir, listing) in opened.unwrap() {
        intake.read_directory(&dir, listing).unwrap();
    }
    (at_least, intake.finish().0)
}

fn totals(state: &State) -> BTreeMap<&'static str, i128> {
    odometers(&SEND.counters.iter().zip(&state.totals).map(|(c, v)| (c.key, *v)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Each says what some moment between its first look and its end was like, and later ones later moments.
    #[test]
    fn a_query_sees_one_moment(
        before in proptest::collection::vec(any::<u8>(), 0..6),
        queries in proptest::collection::vec(proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 4), 1..4),
    ) {
        let mut world = World::following();
        let stamped = log_of(&(0..60u8).map(|i| (i.wrapping_mul(37), u16::from(i))).collect::<Vec<_>>());
        let lines: Vec<String> = stamped.iter().map(|(line, _)| line.clone()).collect();
        let mut beside = Beside::default();
        before.into_iter().for_each(|action| beside.act(&mut world, &lines, action));
        for acts in queries {
            beside.looks = 0;
            let (at_least, state) =
                query_beside(&mut world, &lines, &mut beside, |n| acts.get(n as usize).cloned().unwrap_or_default());
            prop_assert_eq!(beside.looks, 4, "two looks are enough where there are labels");
            let got = totals(&state);
            let seen = (at_least..=beside.written).find(|n| model(&stamped[..*n]) == got);
            prop_assert!(seen.is_some(), "{:?} is nothing between {} and {} lines", got, at_least, beside.written);
        }
    }
}

/// A growing chunk without labels is another thing once it is finished: only a pause tells what is what.
#[test]
fn without_labels_a_query_waits_for_a_pause() {
    let mut world = World::following();
    let lines: Vec<String> = (0..200).map(|n| format!("new msg {n}\n")).collect();
    let mut beside = Beside::default();
    [0, 3, 0].into_iter().for_each(|action| beside.act(&mut world, &lines, action));
    // Behind each of the first looks a whole roll; then nothing.
    let (_, state) = query_beside(&mut world, &lines, &mut beside, |n| match n {
        1 | 3 | 5 => vec![10, 2, 2, 5],
        _ => vec![],
    });
    assert!(beside.looks > 6, "{} looks", beside.looks);
    assert_eq!(totals(&state)["message_new"], beside.written as i128);
}
