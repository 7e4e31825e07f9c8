//! Whether an SNMP agent may run a query. A query has the rights of whoever starts it, for instance snmpd: it must be
//! able to read toaster.conf and the state, and for the newest lines the log directories.
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::ErrorKind::NotFound;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, getgrouplist};

use super::finding::{Level, Report};
use crate::config::Config;
use crate::ingest::Feed;

/// The users as whom the agents of SNMP work on the usual systems.
const AGENTS: [&str; 4] = ["Debian-snmp", "snmp", "_snmpd", "snmpd"];

/// As in a mode: to be read, to be searched.
const READ: u32 = 4;
const SEARCH: u32 = 1;

/// A user who runs queries.
struct Agent {
    /// `None`: anybody, in no group of ours.
    name: Option<String>,
    uid: Option<Uid>,
    groups: Vec<Gid>,
}

impl Agent {
    fn may(&self, meta: &Metadata, bits: u32) -> bool {
        let mode = if self.uid.is_some_and(|uid| uid.as_raw() == meta.uid()) {
            meta.mode() >> 6
        } else if self.groups.iter().any(|gid| gid.as_raw() == meta.gid()) {
            meta.mode() >> 3
        } else {
            meta.mode()
        };
        mode & bits == bits
    }
}

/// The agent that this machine has; else anybody.
fn agent() -> Agent {
    let user = AGENTS.iter().find_map(|name| User::from_name(name).ok().flatten());
    let Some(user) = user else { return Agent { name: None, uid: None, groups: Vec::new() } };
    let name = std::ffi::CString::new(user.name.as_str()).unwrap_or_default();
    let groups = getgrouplist(&name, user.gid).unwrap_or_else(|_| vec![user.gid]);
    Agent { name: Some(user.name), uid: Some(user.uid), groups }
}

pub(super) fn check(report: &mut Report, config: &Config, feeds: &[Feed]) {
    tell(report, config, feeds, &agent());
}

fn tell(report: &mut Report, config: &Config, feeds: &[Feed], agent: &Agent) {
    let state = config.logs_base.join("state");
    let logs = feeds.iter().flat_map(|feed| &feed.directories);
    // Without the first two there is no answer; without the logs it is the one of the last commit.
    let needed = config.file.iter().map(|file| (file.clone(), READ, "gets no answer"));
    let needed = needed.chain([(state, SEARCH, "gets no answer")]);
    let needed = needed
        .chain(logs.map(|dir| (dir.clone(), READ | SEARCH, "gets only the numbers of the last commit")));
    let mut told: BTreeSet<PathBuf> = BTreeSet::new();
    let mut is_well = true;
    for (path, bits, then) in needed {
        let path = std::fs::canonicalize(&path).unwrap_or(path);
        let above = path.ancestors().skip(1).map(|dir| (dir, SEARCH));
        let mut closed: Vec<(&Path, u32)> = above.collect();
        closed.reverse();
        closed.push((&path, bits));
        closed.retain(|(path, bits)| is_closed(path, *bits, agent));
        // Where we may not look ourselves, others are not told of.
        is_well &=
            closed.is_empty() && std::fs::metadata(&path).map_or_else(|e| e.kind() == NotFound, |_| true);
        for (path, bits) in closed {
            if told.insert(path.to_owned()) {
                let (level, text) = wording(path, bits, then, agent, config);
                report.add(level, "rights", path.display().to_string(), text);
            }
        }
    }
    if is_well {
        let who = agent.name.as_deref().unwrap_or("an SNMP agent");
        report.add(Level::Ok, "rights", "queries", format!("{who} may read what a query needs"));
    }
}

/// Does `path` exist, and is it closed to the agent? If it has an access control list, the agent may have the right
/// all the same.
fn is_closed(path: &Path, bits: u32, agent: &Agent) -> bool {
    let has_list = rustix::fs::getxattr(path, "system.posix_acl_access", &mut [0u8; 512][..]).is_ok();
    !has_list && std::fs::metadata(path).is_ok_and(|meta| !agent.may(&meta, bits))
}

fn wording(path: &Path, bits: u32, then: &str, agent: &Agent, config: &Config) -> (Level, String) {
    let meta = std::fs::metadata(path);
    let mode = meta.as_ref().map_or(0, |meta| meta.mode() & 0o7777);
    let is_ours = meta.is_ok_and(|meta| meta.gid() != 0 && mode >> 3 & bits == bits);
    let open = if bits == SEARCH {
        "chmod o+x"
    } else if bits == READ {
        "chmod o+r"
    } else {
        "chmod o+rx"
    };
    let (level, who) = match &agent.name {
        Some(name) => (Level::Warning, format!("snmpd's user {name}")),
        None => (Level::Note, "a query by another user, such as an SNMP agent,".to_owned()),
    };
    let way = if is_ours {
        let group = group_of(path).unwrap_or_else(|| config.logs_group.clone());
        let user = agent.name.as_deref().unwrap_or("its user");
        format!(
            "make {user} a member of group {group} (usermod -a -G {group} {user}) and restart the agent, or {open}"
        )
    } else {
        open.to_owned()
    };
    (level, format!("with mode {mode:04o} {who} cannot use it and {then}; {way}"))
}

/// The name of the group that `path` belongs to.
fn group_of(path: &Path) -> Option<String> {
    let gid = Gid::from_raw(std::fs::metadata(path).ok()?.gid());
    nix::unistd::Group::from_gid(gid).ok().flatten().map(|group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::feeds;
    use std::fs::{Permissions, create_dir_all, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_an_agent_may_not_use_is_told_once_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let base = dir.path().join("above/log");
        create_dir_all(base.join("state")).unwrap();
        create_dir_all(base.join("send")).unwrap();
        let text = format!("logs_base = {:?}\nlogs_group = \"qnofiles\"\n", base.display().to_string());
        let (config, _) = Config::parse(&text, Path::new("/nonexistent/toaster.conf"));
        let feeds = feeds(&config);
        let told = |agent: &Agent| -> Vec<(Level, String)> {
            let mut report = Report::default();
            tell(&mut report, &config, &feeds, agent);
            let below = |subject: &str| subject.strip_prefix(dir.path().to_str().unwrap()).map(str::to_owned);
            report.findings.into_iter().filter_map(|f| Some((f.level, below(&f.subject)?))).collect()
        };
        let gid = Gid::from_raw(std::fs::metadata(&base).unwrap().gid());
        let stranger =
            Agent { name: Some("snmp".into()), uid: Some(Uid::from_raw(65_533)), groups: Vec::new() };
        let member = Agent { name: Some("snmp".into()), uid: Some(Uid::from_raw(65_533)), groups: vec![gid] };
        let anybody = Agent { name: None, uid: None, groups: Vec::new() };
        assert_eq!(told(&stranger), []);
        for below in ["/above", "/above/log", "/above/log/state", "/above/log/send"] {
            let path = dir.path().join(&below[1..]);
            set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
            assert_eq!(told(&stranger), [(Level::Warning, below.to_owned())]);
            assert_eq!(told(&anybody), [(Level::Note, below.to_owned())]);
            assert_eq!(told(&member), []);
            set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        }
        // A log directory has to be read, too; the others are only passed through.
        set_permissions(base.join("send"), Permissions::from_mode(0o751)).unwrap();
        set_permissions(base.join("state"), Permissions::from_mode(0o751)).unwrap();
        assert_eq!(told(&stranger), [(Level::Warning, "/above/log/send".to_owned())]);
    }
}
