//! The bounds, and what comes back under a number.
use super::*;

fn open(number: u64, begun: i64) -> (DeliveryKey, Delivery) {
    (DeliveryKey { origin: 0, number }, Delivery { message: 7, to: 1, begun: Some(begun), recipient: 9 })
}

fn key(number: u64) -> MessageKey {
    MessageKey { number, origin: 0 }
}

impl Messages {
    /// For tests of the store.
    pub(crate) fn put(&mut self, key: MessageKey, message: Message) {
        self.changed.insert(key, Some(message));
    }

    /// For tests of the store.
    pub(crate) fn take(&mut self, key: MessageKey) -> Option<i64> {
        self.end(key)
    }
}

#[test]
fn the_oldest_deliveries_are_given_up() {
    let mut all = Deliveries::default();
    let most = MOST_DELIVERIES as u64;
    // The number 1 would say that qmail-send was started anew.
    for number in 2..most + 2 {
        let (key, delivery) = open(number, number as i64);
        all.begin(key, delivery);
    }
    assert_eq!(all.given_up(), 0);
    let (key, delivery) = open(most + 2, most as i64 + 2);
    all.begin(key, delivery);
    assert_eq!(all.given_up(), most / 4);
    let is_open = |all: &mut Deliveries, number| all.end(open(number, 0).0).is_some();
    assert!(!is_open(&mut all, 2) && !is_open(&mut all, most / 4 + 1));
    assert!(is_open(&mut all, most / 4 + 2) && is_open(&mut all, most + 2));
    assert_eq!(all.finish().deliveries.len() as u64, most + 1 - most / 4 - 2);
}

#[test]
fn a_number_that_comes_back_is_another_delivery() {
    let mut all = Deliveries::default();
    for (key, delivery) in [open(5, 10), open(5, 20), open(6, 30)] {
        all.begin(key, delivery);
    }
    assert_eq!(all.end(open(5, 0).0).unwrap().begun, Some(20));
    assert_eq!(all.end(open(5, 0).0), None);
    // qmail-send was killed and counts from 1 again; that of another host goes on.
    let other = DeliveryKey { origin: 9, number: 6 };
    all.begin(other, open(6, 40).1);
    all.begin(open(1, 50).0, open(1, 50).1);
    assert_eq!((all.end(open(6, 0).0), all.end(other).unwrap().begun), (None, Some(40)));
    assert!(all.end(open(1, 0).0).is_some());
}

/// Some messages that were there before.
#[derive(Debug)]
struct Before(Vec<(MessageKey, Message)>);

impl Earlier for Before {
    fn find(&mut self, key: MessageKey) -> Option<Message> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, message)| *message)
    }
}

#[test]
fn only_what_differs_from_before_is_kept() {
    let before = |number, delivered| (key(number), Message { begun: 100, delivered });
    let earlier = Before(vec![before(1, false), before(2, true), before(3, false)]);
    let mut all = Messages::of(&[], Some(Box::new(earlier)));
    assert_eq!((all.succeed(key(1)), all.succeed(key(1)), all.succeed(key(2))), (Some(100), None, None));
    assert_eq!((all.end(key(1)), all.end(key(1)), all.succeed(key(1))), (Some(100), None, None));
    // One that comes and goes leaves no trace; one whose number comes back is another message.
    all.begin(key(9), 200);
    all.begin(key(3), 300);
    assert_eq!((all.end(key(9)), all.end(key(9))), (Some(200), None));
    assert_eq!((all.end(key(3)), all.end(key(3))), (Some(300), None));
    all.begin(key(2), 400);
    let message = |begun| Some(Message { begun, delivered: false });
    assert_eq!(all.finish(), [(key(1), None), (key(2), message(400)), (key(3), None)]);
}

#[test]
fn what_came_after_a_mark_is_forgotten() {
    let mut all = Messages::of(&[(key(1), None)], None);
    all.begin(key(2), 5);
    let mark = all.mark();
    all.begin(key(3), 6);
    assert_eq!(all.end(key(2)), Some(5));
    all.go_back_to(mark);
    assert_eq!(all.finish().iter().map(|(key, _)| key.number).collect::<Vec<_>>(), [1, 2]);
}
