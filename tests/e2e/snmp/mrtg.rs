//! MRTG draws by the configuration that the project ships.

use std::fs::{self, OpenOptions};
use std::io::{BufReader, Write};
use std::path::Path;

use crate::support::snmpd::{self, Snmpd};
use crate::support::store::{Store, stderr};
use crate::support::wait_until;

/// Deliveries that succeeded and that were put off, in each five minutes.
const EACH: (u64, u64) = (3_000, 600);
/// How often MRTG polls.
const ROUNDS: u64 = 8;

/// Five minutes of traffic more.
fn more(store: &Store, round: u64) {
    let line = |n: u64, text: String| crate::support::labelled(1_795_132_800 + round, n, &text);
    let (success, deferral) = EACH;
    let mut send = line(0, "status: local 1/10 remote 2/20".to_owned());
    (0..success)
        .for_each(|n| send += &line(n, format!("delivery {n}: success: 192.0.2.4_accepted_message./")));
    (0..deferral).for_each(|n| {
        send += &line(n, format!("delivery {n}: deferral: CNAME_lookup_failed_temporarily._(#4.4.3)/"))
    });
    let smtp: String =
        (0..300).map(|n| line(n, format!("tcpserver: ok {n} mx1:192.0.2.3:25 :192.0.2.1::4711"))).collect();
    for (file, lines) in [(store.logs().join("current"), send), (store.base().join("smtp/current"), smtp)] {
        let mut file = OpenOptions::new().create(true).append(true).open(file).expect("current");
        file.write_all(lines.as_bytes()).expect("current");
    }
}

#[test]
fn mrtg_draws_what_is_polled() {
    let queue = tempfile::tempdir().expect("a directory");
    fs::set_permissions(queue.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
    for dir in ["mess/0", "todo/0", "local/0", "remote/0", "info/0", "intd/0", "bounce/0"] {
        fs::create_dir_all(queue.path().join(dir)).expect("mkdir");
    }
    (0..9).for_each(|n| fs::write(queue.path().join(format!("mess/0/{n}")), "x").expect("a message"));
    let store = super::store(&format!("qmail_queue_dir = {:?}", queue.path()));
    fs::create_dir(store.base().join("smtp")).expect("mkdir");
    more(&store, 0);
    store.run(&["update"]);
    let snmpd = Snmpd::start(&store, &[super::own_tables(&store, "--interval 1")]);
    let told = |part: &str, key: &str| {
        snmpd.get(&snmpd::counter(super::COUNT, part, key)).map(|value| value.number())
    };

    let pictures = store.path("mrtg");
    fs::create_dir(&pictures).expect("mkdir");
    // The two things that its head says are to be changed.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/snmp/mrtg.cfg");
    let shipped = fs::read_to_string(shipped).expect("mrtg.cfg");
    let config = shipped
        .replace("WorkDir: /var/www/mrtg", &format!("WorkDir: {}", pictures.display()))
        .replace("public@localhost::", &format!("public@{}:", snmpd.address()));
    fs::write(store.path("mrtg.cfg"), config).expect("mrtg.cfg");
    // What MRTG does not see for much longer than five minutes it does not draw.
    for round in 0..ROUNDS {
        if round > 0 {
            more(&store, round);
        }
        let expected = (round + 1) * EACH.0;
        wait_until("the new numbers are told", || told("send", "delivery_success") == Some(expected));
        wait_until("those of the other logs too", || told("rbl", "tcp_ok") == Some((round + 1) * 300));
        let at = format!("+{}s", round * 300);
        let output =
            store.faketime(&["-f", &at, "mrtg", "mrtg.cfg"]).env("LANG", "C").output().expect("mrtg");
        assert!(output.status.success(), "{round}: {}", stderr(&output));
        assert!(!stderr(&output).contains("ERROR"), "{}", stderr(&output));
    }
    // MRTG's own numbers: what it polled last, and the mean of the last five minutes.
    let log = |name: &str| -> Vec<Vec<i64>> {
        let text = fs::read_to_string(pictures.join(format!("{name}.log"))).expect("MRTG's log");
        text.lines().map(|line| line.split(' ').map(|n| n.parse().expect("a number")).collect()).collect()
    };
    let deliveries = log("maillogs-deliveries");
    assert_eq!(deliveries[0][1..], [24_000, 4_800]);
    // The seconds that a run itself takes make it a little less.
    let (success, deferral) = (deliveries[1][1], deliveries[1][2]);
    assert!(
        (540..=600).contains(&success) && (108..=120).contains(&deferral),
        "3,000 and 600 in five minutes are 600 and 120 a minute: {:?}",
        deliveries[1]
    );
    assert_eq!(log("maillogs-queue")[0][1..], [9, 0]);
    assert_eq!(log("maillogs-slots")[0][1..], [1, 2]);
    assert_eq!(log("maillogs-connections")[0][1..], [2_400, 0]);
    for target in shipped.lines().filter_map(|line| line.strip_prefix("Target[")?.split(']').next()) {
        for period in ["day", "week", "month", "year"] {
            let file = pictures.join(format!("{target}-{period}.png"));
            let (width, height, _) = decoded(&file);
            assert!(width > 400 && height > 100, "{target}: {width}x{height}");
        }
        let page = fs::read_to_string(pictures.join(format!("{target}.html"))).expect("a page");
        assert!(page.contains(&format!("{target}-day.png")), "{target}");
    }
    // MRTG fills its first value in this green.
    let green = |target: &str| {
        let (_, _, pixels) = decoded(&pictures.join(format!("{target}-day.png")));
        pixels.iter().filter(|pixel| **pixel == [0, 204, 0]).count()
    };
    assert!(
        green("maillogs-deliveries") > green("maillogs-bytes") + 50,
        "an area of deliveries, and none of bytes"
    );
}

/// The size of a picture, and the colours of its pixels.
fn decoded(file: &Path) -> (u32, u32, Vec<[u8; 3]>) {
    let bytes = fs::File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut decoder = png::Decoder::new(BufReader::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut buffer = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut buffer).expect("pixels");
    let pixels = buffer[..info.buffer_size()].chunks(info.color_type.samples());
    (info.width, info.height, pixels.filter_map(|pixel| pixel.get(..3)?.try_into().ok()).collect())
}
