//! A second instance of a built-in protocol: `[protocol.NAME]` with `like` in toaster.conf. It counts the lines of sources of
//! its own just as the original counts the lines of its sources, and everything else of it has its own name.
//!
//! What is made here is leaked: protocols are made once and live as long as the process.
use super::card::{Like, Processor, Protocol};
use super::classify::{LogKind, Settings};
use super::section::Section;

/// The protocol that `make` makes, once more: under `name`, with lines that stand in a `place`. `about` is its line for the
/// usage; empty: one is made.
///
/// Its sections are called `NAME-SECTION`. No name of a protocol has a `-`, so that they meet no other name.
pub(super) fn instance(
    make: fn(&Settings) -> Protocol,
    settings: &Settings,
    name: &str,
    about: &str,
    place: LogKind,
) -> Protocol {
    // Toaster.conf says where the original's programs write; those of the instance write to its source.
    let in_syslog = place == LogKind::Shared;
    let base = if in_syslog { make(&settings.all_in_syslog()) } else { make(settings) };
    let title = |title: &str| -> &'static str { format!("{name}: {title}").leak() };
    let like = |original: &str, about: &str| -> &'static str { format!("like {original}: {about}").leak() };
    let sections: Vec<Section> = base
        .sections
        .iter()
        .map(|section| Section {
            name: format!("{name}-{}", section.name).leak(),
            title: title(section.title),
            about: like(section.name, section.about),
            templates: drawn(section.templates, section.name),
            ..*section
        })
        .collect();
    let own_name: &'static str = name.to_owned().leak();
    let names = std::iter::once(own_name).chain(sections.iter().map(|section| section.name));
    let parts: Vec<(&str, &str)> = names.zip(base.parts()).collect();
    Protocol {
        name: own_name,
        title: title(base.title),
        about: if about.is_empty() { like(base.name, base.about) } else { about.to_owned().leak() },
        reads_syslog: in_syslog && base.reads_syslog,
        processor: Some(Processor::of_conf(name)),
        files_key: None,
        counter_file: None,
        older_files: &[],
        templates: drawn(base.templates, base.name),
        sections: sections.leak(),
        like: Some(Like { original: base.name, parts: parts.leak() }),
        ..base
    }
}

/// Those of `templates`, which stand on the card of `part`, that draw numbers of `part` alone: a picture in which another
/// protocol's numbers stand as well would show those of the original.
fn drawn(
    templates: &'static [(&'static str, &'static str)],
    part: &str,
) -> &'static [(&'static str, &'static str)] {
    if templates.iter().all(|(_, text)| protocols(text).all(|name| name == part)) {
        return templates;
    }
    let of_part = templates.iter().filter(|(_, text)| protocols(text).all(|name| name == part));
    of_part.copied().collect::<Vec<_>>().leak()
}

/// The protocols that a template of the binary names, as it is written there: `protocol = "NAME"`.
fn protocols(template: &str) -> impl Iterator<Item = &str> {
    template.split("protocol = \"").skip(1).filter_map(|rest| rest.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::super::{BUILTIN, shipped};
    use super::*;

    #[test]
    fn an_instance_is_the_original_under_another_name() {
        for (make, card) in BUILTIN.iter().zip(shipped()).filter(|(_, card)| !card.measured) {
            for place in [LogKind::Dedicated, LogKind::Shared] {
                let other = instance(*make, &Settings::default(), "other", "", place);
                let keys = |p: &Protocol| p.counters.iter().map(|c| (c.key, c.ds)).collect::<Vec<_>>();
                assert_eq!(keys(&other), keys(card), "{}", card.name);
                assert_eq!((other.stored, other.main_counters), (card.stored, card.main_counters));
                assert_eq!(other.reads_syslog, place == LogKind::Shared, "{}", card.name);
                assert_eq!(other.processor.map(|p| (p.name, p.directories)), Some(("otherlog", None)));
                assert_eq!((other.name, other.original()), ("other", card.name));
                let expected: Vec<String> = card
                    .parts()
                    .map(|part| if part == card.name { "other".into() } else { format!("other-{part}") })
                    .collect();
                assert_eq!(other.parts().collect::<Vec<_>>(), expected);
                let like = other.like.unwrap();
                assert_eq!(like.parts.iter().map(|part| part.0).collect::<Vec<_>>(), expected);
                assert!(like.parts.iter().map(|part| part.1).eq(card.parts()));
                assert!(other.title.starts_with("other: ") && other.title.ends_with(card.title));
            }
        }
    }

    #[test]
    fn a_graph_in_which_another_protocol_stands_is_the_originals() {
        let other = |name: &str| {
            let at = shipped().iter().position(|card| card.name == name).unwrap();
            instance(BUILTIN[at], &Settings::default(), "other", "", LogKind::Dedicated)
        };
        assert_eq!(other("qmailscanner").templates.len(), 0, "it would show what simscan found for rbl");
        assert_eq!(other("rbl").templates.len(), 3);
        let send = shipped().iter().find(|card| card.name == "send").unwrap();
        let graphs = |p: &Protocol| p.sections.iter().map(|s| s.templates.len()).collect::<Vec<_>>();
        assert_eq!(graphs(&other("send")), graphs(send));
    }
}
