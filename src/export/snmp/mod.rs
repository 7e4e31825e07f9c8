//! Readings for SNMP, through snmpd's `pass_persist`: pure functions from readings to a table, and from a question and the
//! table to an answer.
//!
//! | file | what |
//! |---|---|
//! | `oid` | object identifiers |
//! | `table` | values by their object identifiers, sorted |
//! | `talk` | what snmpd says and is answered |
//! | `own` | MAILLOGS-MIB: every counter of every protocol |
//! | `mib` | MAILLOGS-MIB as a text |
//! | `mta` | MTA-MIB and NETWORK-SERVICES-MIB |
pub mod mib;
pub mod mta;
pub mod oid;
pub mod own;
pub mod table;
pub mod talk;
