//! MAILLOGS-MIB as a text, for the object identifier in force.
use super::oid::Oid;

/// The module for [`PLAYPEN`].
const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/share/snmp/MAILLOGS-MIB.txt"));
/// How it says its place there.
const PLACE: &str = "{ enterprises 8072 9999 9999 62455 }";

/// Where the tables are if nothing else is said: net-snmp's place for trying things out. maillogs has no number of its own.
pub const PLAYPEN: [u32; 10] = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 62455];
/// Below this everybody has numbers of his own.
const ENTERPRISES: [u32; 6] = [1, 3, 6, 1, 4, 1];
/// The most numbers that an OID may have, so that there is room below it for the longest names.
const LONGEST: usize = 24;

/// `oid`, if the tables may be there.
///
/// # Errors
/// When it is another MIB's, or so long that names would not fit below it.
pub fn place(oid: Oid) -> Result<Oid, String> {
    let numbers = oid.numbers();
    if !numbers.starts_with(&ENTERPRISES) || numbers.len() == ENTERPRISES.len() {
        return Err("is not below .1.3.6.1.4.1, where everybody has a number of his own".to_owned());
    }
    if numbers.len() > LONGEST {
        return Err(format!("has more than {LONGEST} numbers"));
    }
    Ok(oid)
}

/// The module for tables at `base`.
pub fn module(base: &Oid) -> String {
    let below = base.numbers().strip_prefix(&ENTERPRISES).unwrap_or(base.numbers());
    let below: Vec<String> = below.iter().map(u32::to_string).collect();
    TEXT.replacen(PLACE, &format!("{{ enterprises {} }}", below.join(" ")), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_for_the_place_in_force() {
        assert_eq!(module(&Oid::new(&PLAYPEN)), TEXT);
        let other = module(&".1.3.6.1.4.1.2021.255".parse().unwrap());
        assert!(other.contains("    ::= { enterprises 2021 255 }\n") && !other.contains("8072"));
        let is_right = |oid: &str| place(oid.parse().unwrap()).is_ok();
        assert!(is_right(".1.3.6.1.4.1.2021.255") && is_right("1.3.6.1.4.1.8072.9999.9999.62455"));
        for wrong in [
            "1.3.6.1.4.1",
            "1.3.6.1.2.1.28",
            "1.3",
            "1.3.6.1.4.2.1",
            &format!("1.3.6.1.4.1{}", ".1".repeat(19)),
        ] {
            assert!(!is_right(wrong), "{wrong}");
        }
    }
}
