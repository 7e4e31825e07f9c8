//! The file of messages against a map.
use std::collections::BTreeMap;

use super::*;
use crate::protocol::send::SEND;
use proptest::prelude::*;

fn store(dir: &Path) -> Store {
    std::fs::create_dir_all(dir.join("state")).unwrap();
    Store {
        base: dir.to_owned(),
        protocol: &SEND,
        counter_file: dir.join("send.txt"),
        legacy: Vec::new(),
        state_dir: dir.join("state"),
        rrd: dir.join("send.rrd"),
        step: 60,
        may_drop: true,
        under: None,
    }
}

/// What finds the messages of the file of `state`.
fn find_in(store: &Store, state: &State) -> Box<dyn Earlier> {
    store.earlier(&state.messages.file.unwrap(), true).unwrap().unwrap()
}

fn key(number: u64) -> MessageKey {
    MessageKey { number, origin: u32::try_from(number % 3).unwrap() }
}

/// Messages with these numbers, in the order of their keys.
fn messages(numbers: impl IntoIterator<Item = u64>) -> BTreeMap<MessageKey, Message> {
    let message = |number: u64| Message { begun: 1_000 + number as i64, delivered: number % 2 == 1 };
    numbers.into_iter().map(|number| (key(number), message(number))).collect()
}

/// A state that has just these messages, written by a commit.
fn settled(session: &Session<'_>, all: &BTreeMap<MessageKey, Message>) -> State {
    let mut state = State::new(&SEND);
    state.messages.changed = all.iter().map(|(key, message)| (*key, Some(*message))).collect();
    session.settle_queue(&mut state);
    state
}

#[test]
fn few_messages_stand_in_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let session = store.open(std::time::Duration::ZERO, 1_790_635_500).unwrap();
    let all = messages(0..FEW as u64);
    let state = settled(&session, &all);
    assert_eq!((state.messages.file, state.messages.changed.len()), (None, FEW));
    assert!(state.messages.file.is_none());
    assert!(!store.queue_path(false).exists() && !store.queue_path(true).exists());
}

#[test]
fn each_of_many_messages_is_found_in_the_file_and_no_other_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let session = store.open(std::time::Duration::ZERO, 1_790_635_500).unwrap();
    for count in [FEW + 1, EACH * 4, EACH * 4 + 1, 5_000] {
        let all = messages((0..count as u64).map(|n| n * 7));
        let state = settled(&session, &all);
        let file = state.messages.file.unwrap();
        assert_eq!((file.messages, state.messages.changed.len()), (count as u64, 0));
        let length = std::fs::metadata(store.queue_path(file.second)).unwrap().len();
        assert_eq!(length, (HEADER + count.div_ceil(EACH) * PAGE) as u64);
        let mut earlier = find_in(&store, &state);
        for number in 0..count as u64 * 7 + 20 {
            assert_eq!(earlier.find(key(number)), all.get(&key(number)).copied(), "{number}");
        }
    }
}

#[test]
fn the_two_files_take_turns_and_the_one_before_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let mut session = store.open(std::time::Duration::ZERO, 1_790_635_500).unwrap();
    let mut all = messages(0..2_000);
    let first = settled(&session, &all);
    session.state = first.clone();
    let mut second = first.clone();
    // 600 of them leave, and 100 new ones come.
    for number in 0..600 {
        all.remove(&key(number));
        second.messages.changed.push((key(number), None));
    }
    let new = messages(5_000..5_100);
    second.messages.changed.extend(new.iter().map(|(key, message)| (*key, Some(*message))));
    all.extend(new);
    second.messages.changed.sort_unstable_by_key(|(key, _)| *key);
    session.settle_queue(&mut second);
    let file = second.messages.file.unwrap();
    assert_eq!((file.second, file.messages), (true, 1_500));
    let mut earlier = find_in(&store, &second);
    assert!((0..6_000).all(|number| earlier.find(key(number)) == all.get(&key(number)).copied()));
    // Who reads the commit before finds its file.
    let mut before = find_in(&store, &first);
    assert!((0..2_000).all(|number| before.find(key(number)).is_some()));
    // When few are left, they stand in the state, and both files go.
    session.state = second.clone();
    let mut third = second.clone();
    third.messages.changed = all.keys().skip(3).map(|key| (*key, None)).collect();
    session.settle_queue(&mut third);
    let left: Vec<MessageKey> = third.messages.changed.iter().map(|(key, _)| *key).collect();
    assert_eq!((third.messages.file, left), (None, all.keys().copied().take(3).collect()));
    session.state = third;
    session.drop_queue(file);
    // The second one is that of the commit before.
    assert!(!store.queue_path(false).exists() && store.queue_path(true).exists());
}

#[test]
fn a_file_that_the_state_does_not_name_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let session = store.open(std::time::Duration::ZERO, 1_790_635_500).unwrap();
    let state = settled(&session, &messages(0..1_000));
    let named = state.messages.file.unwrap();
    let path = store.queue_path(named.second);
    let bytes = std::fs::read(&path).unwrap();
    let is_used = || store.earlier(&named, true).unwrap().is_some();
    for bit in 0..48 * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, other).unwrap();
        assert!(!is_used(), "bit {bit}");
    }
    std::fs::write(&path, &bytes[..HEADER - 1]).unwrap();
    assert!(!is_used());
    std::fs::remove_file(&path).unwrap();
    assert!(!is_used());
    std::fs::create_dir(&path).unwrap();
    assert!(!is_used());
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    assert!(is_used());
}

#[test]
fn damage_costs_the_messages_of_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let session = store.open(std::time::Duration::ZERO, 1_790_635_500).unwrap();
    let all = messages(0..5_000);
    let state = settled(&session, &all);
    let path = store.queue_path(state.messages.file.unwrap().second);
    let bytes = std::fs::read(&path).unwrap();
    let pages = all.len().div_ceil(EACH);
    for page in [0, pages / 2, pages - 1] {
        for byte in [0, 15, 16, 100, PAGE - 17] {
            let mut broken = bytes.clone();
            broken[HEADER + page * PAGE + byte] ^= 0x20;
            std::fs::write(&path, broken).unwrap();
            let mut earlier = find_in(&store, &state);
            for (at, (key, message)) in all.iter().enumerate() {
                let want = (at / EACH != page).then_some(*message);
                assert_eq!(earlier.find(*key), want, "page {page}, byte {byte}: {at}");
            }
        }
    }
    // A file that was cut off loses the pages behind the cut.
    std::fs::write(&path, &bytes[..HEADER + 2 * PAGE + 5]).unwrap();
    let mut earlier = find_in(&store, &state);
    let found = all.keys().filter(|key| earlier.find(**key).is_some()).count();
    assert_eq!(found, 2 * EACH);
}

#[test]
fn of_too_many_the_oldest_are_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let session = store.open(std::time::Duration::ZERO, 1_790_635_500).unwrap();
    // In the order of `begun`, which is that of the numbers.
    let all = messages(0..MOST_MESSAGES as u64 + 1_000);
    let state = settled(&session, &all);
    assert_eq!(state.messages.file.unwrap().messages, MOST_MESSAGES as u64);
    let mut earlier = find_in(&store, &state);
    assert!(earlier.find(key(999)).is_none() && earlier.find(key(1_000)).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever changes from commit to commit, what is remembered is what a map has.
    #[test]
    fn any_changes_over_any_commits_are_those_of_a_map(
        commits in proptest::collection::vec((0u64..4_000, 0u64..1_500, 0u64..4_000, 0u64..1_500), 1..8)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let mut session = store.open(std::time::Duration::ZERO, 1_790_635_500).unwrap();
        let mut map: BTreeMap<MessageKey, Message> = BTreeMap::new();
        for (born, births, dead, deaths) in commits {
            let earlier = session.state.messages.file.and_then(|named| store.earlier(&named, false).unwrap());
            let mut all = crate::protocol::memory::Messages::of(&session.state.messages.changed, earlier);
            for (key, message) in messages(born..born + births) {
                all.put(key, message);
                map.insert(key, message);
            }
            for number in dead..dead + deaths {
                prop_assert_eq!(all.take(key(number)), map.remove(&key(number)).map(|m| m.begun));
            }
            let mut state = session.state.clone();
            state.messages.changed = all.finish();
            session.settle_queue(&mut state);
            session.state = state;
        }
        let (left, _) = whole(&store, &session.state.messages).unwrap();
        prop_assert_eq!(left, map.into_iter().collect::<Vec<_>>());
    }
}
