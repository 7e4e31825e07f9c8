//! `maillogs alarm`: one mail when it begins and one when it ends, whatever happens between.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::support::clock::Machine;
use crate::support::process::{children, kill_with_children, send};
use crate::support::store::{MAILLOGS, Store, stderr};
use crate::support::wait_until;

const NOW: i64 = 1_700_010_930;

/// A server whose mail command is a script of the test's own.
struct Server {
    machine: Machine,
}

impl Server {
    /// With the lines of its mail command, which are given the message on their standard input; `$BOX` is a directory.
    fn new(command: &str) -> Self {
        let alarm = "[[alarm]]\nwarn = \"send.delivery_failure > 5/min\"\n";
        let store = Store::new();
        let config = fs::read_to_string(store.config()).expect("toaster.conf");
        let script = store.path("mail.sh");
        let config = format!(
            "{config}logs_syslog = []\nqmail_queue_dir = \"/nonexistent\"\ntoaster_admin_email = \"root@example.org\"\n\
             toaster_hostname = \"mx.example.org\"\nmail_command = '''exec \"{}\" -x \"a b\"'''\n{alarm}",
            script.display()
        );
        fs::write(store.config(), config).expect("toaster.conf");
        fs::create_dir(store.path("box")).expect("mkdir");
        let server = Self { machine: Machine::new(store, NOW) };
        server.command(command);
        server
    }

    fn command(&self, lines: &str) {
        let script = self.machine.store.path("mail.sh");
        let text = format!("#!/bin/sh\nBOX='{}'\n{lines}\n", self.path("box").display());
        // A script that runs is not written to.
        let new = self.path("mail.new");
        fs::write(&new, text).expect("a script");
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("chmod");
        fs::rename(new, script).expect("rename");
    }

    fn path(&self, below: &str) -> PathBuf {
        self.machine.store.path(below)
    }

    /// So many failures in each of the ten minutes before the clock's time.
    fn fail(&mut self, failures: usize) {
        self.machine.now += 1_200;
        let mut text = String::new();
        let mut number = 0;
        for minute in (0..=10).rev() {
            let begin = self.machine.now / 60 * 60 - minute * 60;
            for _ in 0..failures {
                number += 1;
                text += &format!("@{:016x}{number:08x} delivery 1: failure: x/\n", (1i64 << 62) + 10 + begin);
            }
            number += 1;
            text +=
                &format!("@{:016x}{number:08x} status: local 0/10 remote 0/20\n", (1i64 << 62) + 10 + begin);
        }
        let current = self.machine.store.logs().join("current");
        let before = fs::read_to_string(&current).unwrap_or_default();
        fs::write(&current, before + &text).expect("current");
        self.machine.touch(&current);
    }

    fn try_to_alarm(&self) -> Output {
        self.machine.faked(MAILLOGS).arg("alarm").output().expect("maillogs")
    }

    fn alarm(&self) {
        let output = self.try_to_alarm();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }

    /// Starts `maillogs alarm` and kills it, and what it has started, once that is so.
    fn kill_once(&self, is_so: impl Fn() -> bool) {
        let mut child =
            self.machine.faked(MAILLOGS).arg("alarm").stderr(Stdio::null()).spawn().expect("maillogs");
        wait_until("the command is at work", is_so);
        // faketime may have started maillogs or have become it; the command is a child of that.
        for pid in children(child.id()) {
            children(pid).into_iter().for_each(|pid| send("KILL", pid));
        }
        kill_with_children(&mut child);
    }

    /// The mails that came, in the order of their names.
    fn mails(&self) -> Vec<String> {
        let mut names: Vec<PathBuf> = fs::read_dir(self.path("box"))
            .expect("the box")
            .map(|entry| entry.expect("a mail").path())
            .filter(|path| path.extension().is_some_and(|end| end == "mail"))
            .collect();
        names.sort();
        names.iter().map(|name| fs::read_to_string(name).expect("UTF-8")).collect()
    }
}

/// Keeps the message under a number of its own.
const KEEP: &str = "n=$(ls \"$BOX\" | grep -c mail$); cat > \"$BOX/new\" && mv \"$BOX/new\" \"$BOX/$n.mail\"";

fn header<'m>(mail: &'m str, name: &str) -> &'m str {
    let (head, _) = mail.split_once("\n\n").expect("a header");
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).expect("a field")
}

fn subjects(mails: &[String]) -> Vec<&str> {
    mails.iter().map(|mail| header(mail, "Subject")).collect()
}

const BEGINS: &str = "[mx.example.org] warning: send.delivery_failure > 5/min";
const ENDS: &str = "[mx.example.org] over: send.delivery_failure > 5/min";

#[test]
fn one_mail_when_it_begins_and_one_when_it_ends() {
    let mut server = Server::new(&format!("[ \"$1$2\" = '-xa b' ] || exit 9; {KEEP}"));
    server.fail(5);
    server.alarm();
    assert!(server.mails().is_empty(), "5 is not more than 5");
    server.fail(6);
    for _ in 0..3 {
        server.alarm();
        assert_eq!(subjects(&server.mails()), [BEGINS]);
    }
    server.fail(7);
    server.alarm();
    server.fail(0);
    for _ in 0..3 {
        server.alarm();
        assert_eq!(subjects(&server.mails()), [BEGINS, ENDS]);
    }
    server.fail(60);
    server.alarm();
    let mails = server.mails();
    assert_eq!(subjects(&mails), [BEGINS, ENDS, BEGINS]);
    assert_eq!(header(&mails[0], "To"), "root@example.org");
    assert!(
        mails[0].contains("It is 6/min from 2023-11-15 ") && mails[1].contains("It is 0/min from "),
        "{mails:?}"
    );
    let ids: std::collections::BTreeSet<&str> = mails.iter().map(|mail| header(mail, "Message-ID")).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[test]
fn a_mail_that_could_not_be_sent_is_tried_again_and_is_the_same() {
    let mut server = Server::new("cat > /dev/null; exit 75");
    server.fail(6);
    for _ in 0..2 {
        let output = server.try_to_alarm();
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(said.contains("mail_command: it exits 75; 1 mail is tried again at the next run"), "{said}");
    }
    // It ends before anybody could be told that it began: both are told, in their order.
    server.fail(0);
    server.command("kill -KILL $$");
    let said = stderr(&server.try_to_alarm());
    assert!(said.contains("signal 9 has ended it; 2 mails are tried again"), "{said}");
    server.command(&format!("{KEEP}; exit 1"));
    assert_eq!(server.try_to_alarm().status.code(), Some(1));
    server.command(KEEP);
    server.alarm();
    server.alarm();
    let mails = server.mails();
    assert_eq!(subjects(&mails), [BEGINS, BEGINS, ENDS]);
    assert_eq!(mails[0], mails[1], "whoever gets both can tell by the Message-ID");
    // A command that there is not.
    server.fail(6);
    fs::remove_file(server.path("mail.sh")).expect("the script");
    assert!(stderr(&server.try_to_alarm()).contains("it exits 127"));
    assert!(String::from_utf8(server.try_to_alarm().stderr).is_ok());
    server.command(KEEP);
    server.alarm();
    assert_eq!(subjects(&server.mails()), [BEGINS, BEGINS, ENDS, BEGINS]);
}

/// Killed while the command is at work: the next run sends the same mail, and then nothing more.
#[test]
fn who_is_killed_between_sends_the_same_mail_again() {
    let mut server = Server::new(&format!("{KEEP}; exec sleep 600"));
    server.fail(6);
    server.kill_once(|| server.mails().len() == 1);
    let state = fs::read_to_string(server.path("log/state/alarm.state")).expect("the state");
    assert!(state.contains("send.delivery_failure"), "it was noted before it was sent: {state}");
    server.command(KEEP);
    for _ in 0..2 {
        server.alarm();
        let mails = server.mails();
        assert_eq!(subjects(&mails), [BEGINS, BEGINS]);
        assert_eq!(mails[0], mails[1]);
    }
    // Killed before the command has read anything: it comes once.
    server.fail(0);
    server.command(": > \"$BOX/begun\"; exec sleep 600");
    server.kill_once(|| server.path("box/begun").exists());
    server.command(KEEP);
    server.alarm();
    server.alarm();
    assert_eq!(subjects(&server.mails()), [BEGINS, BEGINS, ENDS]);
}

#[test]
fn of_many_at_once_one_sends_the_mail() {
    let mut server = Server::new(&format!("{KEEP}; sleep 0.2"));
    server.fail(6);
    let start = || server.machine.faked(MAILLOGS).arg("alarm").spawn().expect("maillogs");
    let children: Vec<_> = (0..6).map(|_| start()).collect();
    for mut child in children {
        assert!(child.wait().expect("maillogs").success());
    }
    assert_eq!(subjects(&server.mails()), [BEGINS]);
}

/// A damaged store, and logs that are not there: as it was, so it stays.
#[test]
fn what_is_not_known_neither_begins_nor_ends() {
    let mut server = Server::new(KEEP);
    server.fail(6);
    server.machine.update_quietly();
    server.alarm();
    assert_eq!(subjects(&server.mails()), [BEGINS]);
    let states = ["state/send.state", "counters/.send.state", "rrd/.send.state"];
    let kept = states.map(|file| fs::read(server.machine.store.base().join(file)).expect("a state"));
    server.fail(0);
    for file in states {
        fs::write(server.machine.store.base().join(file), "nonsense").expect("a state");
    }
    server.alarm();
    assert_eq!(subjects(&server.mails()), [BEGINS], "it is not known that it has ended");
    for (file, kept) in states.iter().zip(&kept) {
        fs::write(server.machine.store.base().join(file), kept).expect("a state");
    }
    server.alarm();
    assert_eq!(subjects(&server.mails()), [BEGINS, ENDS]);
    // And it does not begin.
    server.fail(6);
    for file in states {
        fs::write(server.machine.store.base().join(file), "nonsense").expect("a state");
    }
    server.alarm();
    assert_eq!(subjects(&server.mails()), [BEGINS, ENDS]);
}

/// Its own file is damaged, is of a newer version, or is a link that somebody has planted.
#[test]
fn a_damaged_file_of_alarms_is_set_aside() {
    let mut server = Server::new(KEEP);
    server.fail(6);
    server.alarm();
    let file = server.path("log/state/alarm.state");
    fs::write(&file, "{\"version\":1,").expect("the state");
    let output = server.try_to_alarm();
    assert!(
        output.status.success() && stderr(&output).contains("is damaged and was kept as "),
        "{}",
        stderr(&output)
    );
    server.alarm();
    assert_eq!(subjects(&server.mails()), [BEGINS, BEGINS]);
    let newer = "{\"version\":2,\"begun\":{},\"written\":0,\"mails\":[]}";
    fs::write(&file, newer).expect("the state");
    let output = server.try_to_alarm();
    assert!(
        output.status.code() == Some(1) && stderr(&output).contains("is of version 2"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(&file).expect("the state"), newer);
    fs::remove_file(&file).expect("the state");
    let target = server.path("target");
    fs::write(&target, "x").expect("a file");
    std::os::unix::fs::symlink(&target, &file).expect("symlink");
    let output = server.try_to_alarm();
    assert!(
        output.status.code() == Some(1) && stderr(&output).contains("symbolic link"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(target).expect("a file"), "x");
    assert_eq!(server.mails().len(), 2);
}

/// Root's cron gives the message to a command that has the rights of the logs' owner, and no way back to root's.
#[test]
fn the_command_runs_as_the_owner_of_the_logs() {
    let mut server = Server::new(
        "cat > /dev/null; { id -u; id -ru; id -g; id -rg; id -G; grep -E '^(Uid|Gid)' /proc/$$/status; } > \"$BOX/ids\"",
    );
    server.fail(6);
    let is_root = nix::unistd::geteuid().is_root();
    if is_root {
        let config = server.machine.store.config();
        let text = fs::read_to_string(&config).expect("toaster.conf");
        let lines = text.lines().map(|line| match line.split(' ').next() {
            Some("logs_user") => "logs_user = \"nobody\"",
            Some("logs_group") => "logs_group = \"nogroup\"",
            _ => line,
        });
        let text: Vec<&str> = lines.collect();
        fs::write(&config, text.join("\n") + "\n").expect("toaster.conf");
        let mut chown = Command::new("chown");
        chown.args(["-R", "nobody:nogroup"]).arg(server.path("log")).arg(server.path("box"));
        assert!(chown.status().expect("chown").success());
    }
    server.alarm();
    let ids = fs::read_to_string(server.path("box/ids")).expect("the ids");
    if is_root {
        let lines: Vec<&str> = ids.lines().collect();
        assert_eq!(lines[..5], ["65534"; 5], "{ids}");
        // Real, effective, saved and of the file system.
        assert_eq!(lines[5].split_whitespace().skip(1).collect::<Vec<_>>(), ["65534"; 4], "{ids}");
        assert_eq!(lines[6].split_whitespace().skip(1).collect::<Vec<_>>(), ["65534"; 4], "{ids}");
        let state = fs::metadata(server.path("log/state/alarm.state")).expect("the state");
        assert_eq!((state.uid(), state.mode() & 0o7777), (65_534, 0o644));
    } else {
        assert!(ids.lines().count() == 7, "{ids}");
    }
}
