//! Which machine this is: several may keep one store, each with a log of its own under the same name.
use crate::ledger::digest;

/// The host's name, and what tells it from other hosts of that name. Clones of a virtual machine have one machine-id,
/// and servers are renamed: whoever has another name or another id is another machine, until the content of its log
/// says otherwise.
pub fn name() -> String {
    #[cfg(test)]
    if let Some(name) = tests::PRETENDED.with_borrow(Clone::clone) {
        return name;
    }
    let host = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    let id = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid"]
        .iter()
        .find_map(|path| std::fs::read(path).ok().filter(|id| !id.trim_ascii().is_empty()))
        .unwrap_or_default();
    // machine-id(5) asks not to show it around, and the state may be read by everybody.
    let hash = digest(&[b"machine", id.trim_ascii(), b"\0", host.as_bytes()]);
    format!("{host}/{:016x}", u64::from_le_bytes(hash[..8].try_into().unwrap_or_default()))
}

/// The part of a [`name`] that people know.
pub fn host(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(host, _)| host)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    thread_local! {
        /// What this machine is in a test.
        pub(crate) static PRETENDED: std::cell::RefCell<Option<String>> = const { std::cell::RefCell::new(None) };
    }

    #[test]
    fn a_machine_is_the_same_at_every_start() {
        assert_eq!(name(), name());
        let ours = nix::unistd::gethostname().unwrap();
        assert_eq!(host(&name()), ours.to_string_lossy());
        assert_eq!((host("mx/1/0123"), host("mx")), ("mx/1", "mx"));
    }
}
