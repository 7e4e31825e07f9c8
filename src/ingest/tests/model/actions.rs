//! What may happen, and by which chance.
use super::*;

/// The fault that strikes an action: at which of its changes, and how. Beyond its last change: none does.
pub(super) type Fault = Option<(u64, How)>;

#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Writes these lines to `current`; perhaps the last one is not whole yet.
    Write(Vec<(u8, u16)>, bool),
    /// The logger rolls, or hands over again what its processor has not done.
    Roll(Fault),
    /// The logger and what it runs are killed, and it is started again.
    KillLogger,
    /// Writes this number of logins to the syslog.
    Log(u8),
    /// The syslog is renamed; some more lines go to it before it is opened anew.
    Rename(u8),
    CopyTruncate,
    /// Once all of it was read, the first number of logins comes; then the syslog gets a name that nobody knows, and the
    /// second number of logins comes to it.
    AnyName(u8, u8),
    /// The syslog's name becomes a link, or the link moves to the next file; after that this number of
    /// logins comes to the old one.
    Link(u8),
    /// Somebody copies the syslog, or the rotated one of this number.
    Backup(usize),
    /// The same under the name of a rotation; perhaps it keeps the time.
    DatedCopy(usize, bool),
    /// Once all of it was read, an editor gives the syslog another name and writes its text to a new file under the live
    /// name; after that this number of logins comes to the old file.
    Editor(u8),
    /// The rotated syslog of this number is packed by this program.
    Pack(usize, usize),
    /// The syslog is emptied once all of it was read.
    Truncate,
    /// Once all of it was read, this number of logins comes, and then a script writes the syslog and its rotated files anew with
    /// other addresses.
    Anonymise(u8),
    /// The same, and the line of this number is removed from the syslog.
    RemoveLine(u8, usize),
    /// Once all of it was read, the syslog loses this number of bytes.
    CutTail(usize),
    /// Once all of it was read, a copy of its first lines, this number of them, takes its place.
    RestoreOlder(usize),
    Update(Fault),
    Flush(Fault),
    /// The days that are over are packed.
    Tidy(Fault),
    /// This number of seconds passes.
    Wait(u16),
}

fn fault() -> impl Strategy<Value = Fault> {
    let how = prop_oneof![
        4 => Just(How::Before),
        3 => Just(How::Within),
        3 => Just(How::After),
        1 => Just(How::Full),
        1 => Just(How::Fails),
    ];
    prop_oneof![2 => Just(None), 3 => (0u64..45, how).prop_map(Some)]
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    let lines = proptest::collection::vec((any::<u8>(), 0u16..40), 1..12);
    prop_oneof![
        5 => (lines, any::<bool>()).prop_map(|(lines, half)| Action::Write(lines, half)),
        5 => fault().prop_map(Action::Roll),
        1 => Just(Action::KillLogger),
        3 => (1u8..20).prop_map(Action::Log),
        1 => (0u8..3).prop_map(Action::Rename),
        1 => Just(Action::CopyTruncate),
        1 => (0u8..4, 0u8..3).prop_map(|(logins, more)| Action::AnyName(logins, more)),
        1 => (0u8..3).prop_map(Action::Link),
        1 => (0usize..3).prop_map(Action::Backup),
        1 => (0usize..3, any::<bool>()).prop_map(|(n, keeps)| Action::DatedCopy(n, keeps)),
        1 => (0u8..3).prop_map(Action::Editor),
        1 => (1usize..4, 0usize..2).prop_map(|(n, program)| Action::Pack(n, program)),
        1 => Just(Action::Truncate),
        1 => (0u8..4).prop_map(Action::Anonymise),
        1 => (0u8..4, any::<usize>()).prop_map(|(logins, line)| Action::RemoveLine(logins, line)),
        1 => (0usize..400).prop_map(Action::CutTail),
        1 => (0usize..30).prop_map(Action::RestoreOlder),
        5 => fault().prop_map(Action::Update),
        1 => fault().prop_map(Action::Flush),
        1 => fault().prop_map(Action::Tidy),
        2 => prop_oneof![3 => 1u16..200, 1 => 200u16..20_000].prop_map(Action::Wait),
    ]
}
