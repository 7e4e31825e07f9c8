//! The table of how attempts ended: the places they go to, and what people are told of them and of the reasons.
use super::super::attempts::{Hide, Table};
use super::super::providers::{self, Providers};
use super::super::reasons::{self, CLASSES, Reasons};
use super::counters::{DELIVERY_DEFERRAL, DELIVERY_FAILURE, DELIVERY_SUCCESS, MESSAGES, WHY};
use crate::reading::attempts::{Class, Place, Series, Sum, Told, Words};

/// To another host, where providers are not counted; the places before it are this server, and the providers.
pub(super) const REMOTE: u8 = providers::OTHER + 2;

/// Where it went is not known.
pub(super) const UNSEEN: u8 = REMOTE + 1;

/// The places with their names for people, but for those of the providers.
const LOCAL_WORDS: [&str; 4] = ["local", "This server", "this server", "local mailboxes"];
const REMOTE_WORDS: [&str; 4] = ["remote", "Other servers", "other servers", "providers are not counted"];
const UNSEEN_WORDS: [&str; 4] = [
    super::super::attempts::UNSEEN,
    "Not known where to",
    "places that are not known",
    "the line of the beginning was not read",
];

/// The names of the classes for people, but for the first one, in their order.
const LABELS: &[&str] = &[
    "Greylisted",
    "Too many in a time",
    "Our address is distrusted",
    "On a block list",
    "SPF, DKIM or DMARC failed",
    "Our names do not fit",
    "Encryption failed",
    "Taken for spam or malware",
    "No such mailbox",
    "Mailbox full",
    "Message too large",
    "Refused by a rule",
    "Name not resolved",
    "No connection",
    "Trouble at the receiver",
    "Servers did not understand each other",
    "Trouble on this server",
    "Not known to the rules",
];
const _: () = assert!(LABELS.len() + 1 == CLASSES.len(), "each class has a name for people");

/// The keys of the places.
const PLACES: [&str; UNSEEN as usize + 1] = {
    let mut all = [""; UNSEEN as usize + 1];
    all[0] = LOCAL_WORDS[0];
    let mut provider = 0;
    while provider < providers::KEYS.len() {
        all[provider + 1] = providers::KEYS[provider];
        provider += 1;
    }
    all[REMOTE as usize] = REMOTE_WORDS[0];
    all[UNSEEN as usize] = UNSEEN_WORDS[0];
    all
};

/// The table where toaster.conf is silent.
pub(super) const SHIPPED: Table = Table {
    places: &PLACES,
    first: WHY,
    outcomes: [DELIVERY_SUCCESS, DELIVERY_DEFERRAL, DELIVERY_FAILURE],
    hide: &Hide { is_on: true, names: Vec::new() },
    told: Told(&|| words(Reasons::Shipped, Providers::Shipped)),
};

/// The table for these rules and providers. `first`: the position of the first counter of reasons. A protocol lives as long as
/// the process, so that what it is made of may be leaked.
pub(super) fn table(reasons: Reasons, providers: Providers, first: usize, hide: &Hide) -> &'static Table {
    Box::leak(Box::new(Table {
        first,
        hide: Box::leak(Box::new(hide.clone())),
        told: Told(Box::leak(Box::new(move || words(reasons, providers)))),
        ..SHIPPED
    }))
}

fn words(reasons: Reasons, providers: Providers) -> Words {
    let key = |counter: usize| MESSAGES[counter].key;
    let all = Series {
        delivered: Sum::of(key(DELIVERY_SUCCESS)),
        put_off: Sum::of(key(DELIVERY_DEFERRAL)),
        failed: Sum::of(key(DELIVERY_FAILURE)),
    };
    let counter = |provider: usize, of: usize| {
        let at = u8::try_from(provider).ok().and_then(|provider| providers::counter(provider, of));
        at.map_or("", |at| providers::COUNTERS[at].key)
    };
    let is_counted = !matches!(providers, Providers::Off);
    let of_providers = (0..providers::KEYS.len()).map(|provider| {
        let sum = |of: usize| Sum::of(counter(provider, of));
        Place {
            key: providers::KEYS[provider],
            label: capital(providers::NAMES[provider]),
            name: providers::NAMES[provider].split(" (").next().unwrap_or_default().to_owned(),
            has: match provider == usize::from(providers::OTHER) {
                true => "no provider of the table".to_owned(),
                false => providers.domains(provider),
            },
            series: is_counted.then(|| Series {
                delivered: sum(providers::DELIVERED),
                put_off: sum(providers::DEFERRED),
                failed: sum(providers::FAILED),
            }),
        }
    });
    // What went to no provider stayed here, where it is known of all where they went.
    let rest = |all: usize, of: usize| Sum {
        plus: vec![key(all)],
        minus: (0..providers::KEYS.len()).map(|provider| counter(provider, of)).collect(),
        unless: vec![providers::COUNTERS[providers::UNSEEN].key],
    };
    let here = Series {
        delivered: rest(DELIVERY_SUCCESS, providers::DELIVERED),
        put_off: rest(DELIVERY_DEFERRAL, providers::DEFERRED),
        failed: rest(DELIVERY_FAILURE, providers::FAILED),
    };
    let place = |[key, label, name, has]: [&'static str; 4], series| Place {
        key,
        label: label.to_owned(),
        name: name.to_owned(),
        has: has.to_owned(),
        series,
    };
    let local = place(LOCAL_WORDS, is_counted.then_some(here));
    let others = [REMOTE_WORDS, UNSEEN_WORDS].map(|words| place(words, None));
    let classes = reasons.words().into_iter().enumerate().map(|(at, (means, todo))| Class {
        key: CLASSES[at + 1],
        counter: reasons::COUNTERS[at].key,
        label: LABELS[at],
        means: sentence(&means),
        todo: sentence(&todo),
    });
    Words {
        places: std::iter::once(local).chain(of_providers).chain(others).collect(),
        classes: classes.collect(),
        all,
    }
}

/// A text as a sentence: with a capital at its beginning, and a full stop.
fn sentence(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with(['.', '?', '!']) { "" } else { "." };
    capital(text) + end
}

/// A text with a capital at its beginning.
fn capital(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_stands_where_it_is_counted() {
        assert_eq!((PLACES[usize::from(REMOTE)], PLACES[usize::from(UNSEEN)]), ("remote", "unseen"));
        assert_eq!((PLACES[0], PLACES[1], PLACES.len()), ("local", "google", 17));
        let words = words(Reasons::Shipped, Providers::Shipped);
        assert!(words.places.iter().map(|place| place.key).eq(PLACES));
        assert!(words.classes.iter().map(|class| class.key).eq(CLASSES[1..].iter().copied()));
    }

    #[test]
    fn each_class_has_words_for_people() {
        let words = words(Reasons::Shipped, Providers::Shipped);
        assert_eq!(words.classes.len(), 18);
        for class in &words.classes {
            assert!(class.means.ends_with('.') && class.todo.ends_with('.'), "{class:?}");
            assert!(class.means.len() > 8 && class.todo.len() > 3, "{class:?}");
        }
        let tls = words.classes.iter().find(|class| class.key == "tls").unwrap();
        assert_eq!(
            (tls.counter, tls.label, &*tls.means, &*tls.todo),
            (
                "why_tls",
                "Encryption failed",
                "An encrypted connection was required and failed.",
                "Look at certificates and at control/tlshosts."
            )
        );
        let place = |key: &str| words.places.iter().find(|place| place.key == key).unwrap();
        assert_eq!(place("microsoft").has, "outlook.*, hotmail.*, live.*, …");
        assert_eq!(place("orange").has, "orange.fr, wanadoo.fr");
        assert_eq!(place("google").series.as_ref().unwrap().put_off, Sum::of("def_google"));
        assert_eq!(place("local").series.as_ref().unwrap().failed.minus.len(), 14);
    }
}
