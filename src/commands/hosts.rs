//! The options that choose a host: this machine, or one or all of the hosts that have pushed to it.
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::context::{job, now};
use crate::chart::zone;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::hosts::name::CLUSTER;
use crate::hosts::read::{HostReadings, Hosts};
use crate::ingest::feeds;
use crate::page::{Among, HostLink};
use crate::protocol::Protocol;
use crate::say::warn;

/// The host that is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Of {
    /// This machine's.
    #[default]
    Here,
    /// Those of this host, or of the sum of all.
    One(String),
    /// Those of each host.
    All,
}

/// Adds `--host`.
pub(super) fn define_one(command: Command) -> Command {
    command.arg(
        Arg::new("host")
            .long("host")
            .value_name("NAME")
            .help("Of this host, which has pushed to hosts_dir, or of the sum of all: cluster"),
    )
}

/// Adds `--host` and, with this help, `--hosts`.
pub(super) fn define(command: Command, all: &'static str) -> Command {
    let hosts = Arg::new("hosts").long("hosts").action(ArgAction::SetTrue).conflicts_with("host").help(all);
    define_one(command).arg(hosts)
}

impl Of {
    /// What the words of the command line say.
    pub(super) fn asked(m: &ArgMatches) -> Self {
        let all = m.try_get_one::<bool>("hosts").ok().flatten().copied().unwrap_or_default();
        match m.get_one::<String>("host") {
            Some(name) => Self::One(name.clone()),
            None if all => Self::All,
            None => Self::Here,
        }
    }
}

/// Calls `what` with the hosts of `hosts_dir`.
pub(super) fn with<T>(config: &Config, what: impl FnOnce(&Hosts<'_>) -> Result<T>) -> Result<T> {
    let Some(dir) = &config.hosts_dir else {
        return Err(Error::Message(
            "toaster.conf does not say where the RRDs of the hosts are; set hosts_dir to the directory of rrdcached (its -b)"
                .to_owned(),
        ));
    };
    let feeds = feeds(config);
    let jobs: Vec<_> = feeds.iter().map(|feed| job(config, feed)).collect();
    let hosts = Hosts::look(dir, &jobs, now())?;
    hosts.problems.iter().for_each(warn);
    if hosts.hosts.is_empty() {
        return Err(Error::Message(format!(
            "{}: no host has pushed anything here; `maillogs push` does it there, with rrd_daemon",
            dir.display()
        )));
    }
    what(&hosts)
}

/// What one host, or the sum, is at, of the protocols for which `is_wanted` is true; what of it cannot be read is said.
pub(super) fn readings(
    hosts: &Hosts<'_>,
    name: &str,
    is_wanted: &dyn Fn(&Protocol) -> bool,
) -> Result<HostReadings> {
    let found = hosts.of(name, is_wanted)?.ok_or_else(|| {
        let names: Vec<&str> = hosts.hosts.iter().map(|host| host.name.as_str()).collect();
        Error::Usage(format!(
            "{name}: no host of that name has pushed anything; there are {CLUSTER}, {}",
            names.join(", ")
        ))
    })?;
    found.problems.iter().for_each(warn);
    Ok(found)
}

/// What is drawn as the name of the host.
pub(super) fn title(hosts: &Hosts<'_>, name: &str) -> String {
    match (name, hosts.hosts.len()) {
        (CLUSTER, 1) => "1 host".to_owned(),
        (CLUSTER, count) => format!("{count} hosts"),
        _ => name.to_owned(),
    }
}

/// What the pages of `name` say of the others.
pub(super) fn among(hosts: &Hosts<'_>, name: &str) -> Among {
    let page = |of: &str| if of == name { String::new() } else { format!("../{of}/index.html") };
    let link = |of: &str, note: String| HostLink { name: of.to_owned(), page: page(of), note };
    let all = link(CLUSTER, String::new());
    let each = hosts.hosts.iter().map(|host| {
        let note = match host.last {
            0 => "cannot be read".to_owned(),
            last if host.is_silent => format!("silent since {}", zone::stamp(last)),
            _ => String::new(),
        };
        link(&host.name, note)
    });
    Among {
        heading: format!("Mail on {}", title(hosts, name)),
        links: std::iter::once(all).chain(each).collect(),
    }
}
