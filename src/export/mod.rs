//! How answers are printed: pure functions from values to bytes; the caller writes them.
//!
//! | file | format |
//! |---|---|
//! | `text` | the one line of the Perl maillogs |
//! | `groups` | counters by metric and labels: what `prometheus` is made of |
//! | `prometheus` | Prometheus and OpenMetrics |
//! | `json` | JSON, LibreNMS, Zabbix |
//! | `influx` | InfluxDB's line protocol |
//! | `munin` | a plugin of Munin |
//! | `nagios` | `check` and thresholds for Nagios and Icinga |
//! | `snmp` | SNMP: MAILLOGS-MIB, MTA-MIB and NETWORK-SERVICES-MIB |
//! | `small` | Nagios, Checkmk, MRTG, one bare value |
pub mod groups;
pub mod influx;
pub mod json;
pub mod munin;
pub mod nagios;
pub mod prometheus;
pub mod small;
pub mod snmp;
pub mod text;
