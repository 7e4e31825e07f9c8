//! What becomes of a delivery, and what the other side says of it.

use super::super::rng::Rng;
use super::super::{BIG_PROVIDER, SECOND};
use super::{Fate, LOCAL, QUEUE_LIFETIME, Server};

impl Server<'_> {
    pub(super) fn outage(&self, at: u64) -> Option<(u64, u64)> {
        self.outages.iter().copied().find(|&(begin, end)| (begin..end).contains(&at))
    }

    /// Outcome, report and duration in seconds of a try that starts now.
    pub(super) fn outcome(
        &mut self,
        at: u64,
        inode: u32,
        channel: usize,
        recipient: usize,
    ) -> (&'static str, String, f64) {
        let message = self.queue.get_mut(&inode).expect("a message in the queue");
        let age = at as f64 / SECOND as f64 - message.birth;
        let to = &mut message.recipients[channel][recipient];
        to.tries += 1;
        let (fate, tries) = (to.fate, to.tries);
        let host = to.address.rsplit('@').next().unwrap_or_default().to_owned();
        let user = to.address.split('@').next().unwrap_or_default().to_owned();
        let (outcome, mut report, seconds) = if channel == LOCAL {
            self.local_outcome(fate)
        } else {
            self.remote_outcome(at, fate, tries, &user, &host)
        };
        if outcome == "deferral" && age > QUEUE_LIFETIME {
            report.push_str("I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long./");
            return ("failure", report, seconds);
        }
        (outcome, report, seconds)
    }

    fn local_outcome(&mut self, fate: Fate) -> (&'static str, String, f64) {
        let rng = &mut self.rng;
        let seconds = rng.log_normal(9.0, 0.8).clamp(0.02, 120.0);
        match fate {
            Fate::Refuses => {
                let report = "Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/";
                ("failure", report.into(), 0.03 + 0.2 * rng.unit())
            }
            Fate::Full if rng.chance(0.75) => {
                let report = "user_is_over_quota;_this_message_waits_in_the_queue._(#4.2.2)/";
                ("deferral", report.into(), 0.03 + 0.2 * rng.unit())
            }
            _ => {
                let did = rng.pick(&["did_0+0+1/", "did_0+0+1/", "did_0+0+1/", "did_1+0+1/"]);
                ("success", did.into(), seconds)
            }
        }
    }

    fn remote_outcome(
        &mut self,
        at: u64,
        fate: Fate,
        tries: u32,
        user: &str,
        host: &str,
    ) -> (&'static str, String, f64) {
        let ip = self.address_of(host);
        let down = self.outage(at);
        let rng = &mut self.rng;
        let fast = rng.log_normal(1.6, 0.7).clamp(0.15, 30.0);
        match fate {
            Fate::Refuses => {
                let report = match rng.range(0, 3) {
                    0 => format!(
                        "{ip}_does_not_like_recipient./Remote_host_said:_550_5.1.1_<{user}@{host}>:_Recipient_address_rejected:_User_unknown/Giving_up_on_{ip}./"
                    ),
                    1 => format!(
                        "{ip}_failed_after_I_sent_the_message./Remote_host_said:_554_5.7.1_Message_refused_by_content_policy/"
                    ),
                    _ => format!(
                        "{ip}_does_not_like_recipient./Remote_host_said:_552_5.2.2_Mailbox_full/Giving_up_on_{ip}./"
                    ),
                };
                ("failure", report, fast)
            }
            Fate::Dead => {
                let report = match rng.range(0, 2) {
                    0 => "CNAME_lookup_failed_temporarily._(#4.4.3)/",
                    _ => "Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/",
                };
                ("deferral", report.into(), 55.0 + 20.0 * rng.unit())
            }
            Fate::Greylists if tries == 1 => {
                let report = format!(
                    "{ip}_does_not_like_recipient./Remote_host_said:_451_4.7.1_Greylisted,_please_try_again_in_300_seconds/Giving_up_on_{ip}./"
                );
                ("deferral", report, fast)
            }
            Fate::Big
                if down.is_some_and(|(begin, end)| {
                    // Whole at first; towards the end some of its hosts are back.
                    let passed = (at - begin) as f64 / (end - begin) as f64;
                    rng.chance((2.0 - 1.95 * passed).min(0.985))
                }) =>
            {
                let report = match rng.range(0, 4) {
                    0 => format!(
                        "{ip}_does_not_like_recipient./Remote_host_said:_452_4.3.1_Insufficient_system_storage/Giving_up_on_{ip}./"
                    ),
                    1 => format!("Connected_to_{ip}_but_connection_died._(#4.4.2)/"),
                    _ => format!(
                        "Connected_to_{ip}_but_greeting_failed./Remote_host_said:_421_4.3.2_Service_not_available,_try_again_later/"
                    ),
                };
                ("deferral", report, rng.log_normal(125.0, 0.45).clamp(12.0, 360.0))
            }
            _ => {
                let said = match rng.range(0, 4) {
                    0 => format!("250_2.0.0_Ok:_queued_as_{:010X}", rng.next() >> 24),
                    1 => format!("250_ok_{}_qp_{}", at / SECOND, rng.range(300, 32_767)),
                    2 => format!("250_OK_id={:016x}", rng.next()),
                    _ => format!("250_2.6.0_<{:016x}@example.org>_Queued_mail_for_delivery", rng.next()),
                };
                let report = format!("{ip}_accepted_message./Remote_host_said:_{said}/");
                ("success", report, rng.log_normal(26.0, 0.9).clamp(0.4, 280.0))
            }
        }
    }

    /// One of the documentation networks' addresses, a few for each host.
    fn address_of(&mut self, host: &str) -> String {
        let hash = host.bytes().fold(7u64, |hash, byte| (hash * 31 + u64::from(byte)) % 9_973);
        let network =
            if host == BIG_PROVIDER { "203.0.113" } else { ["192.0.2", "198.51.100"][(hash % 2) as usize] };
        format!("{network}.{}", 10 + (hash % 200) + self.rng.range(0, 4))
    }
}

/// The big provider's outages: one about nine hours before the end, more every day and a half
/// before that; in a span too short for it one in the middle.
pub(super) fn outages(rng: &mut Rng, start: u64, end: u64) -> Vec<(u64, u64)> {
    let hour = 3_600 * SECOND;
    let span = end - start;
    if span < 12 * hour {
        let begin = start + span * 2 / 5;
        return vec![(begin, begin + (3 * hour).min(span / 5))];
    }
    let mut outages = Vec::new();
    let mut back = 9 * hour;
    while back < span {
        let begin = end - back + rng.range(0, 40) * 60 * SECOND;
        outages.push((begin, begin + 3 * hour + rng.range(0, 25) * 60 * SECOND));
        back += 34 * hour + rng.range(0, 3) * hour;
    }
    outages
}
