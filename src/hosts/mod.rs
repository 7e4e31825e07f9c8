//! Many hosts: each pushes its minutes to an rrdcached, and one machine draws them all.
//!
//! | file | what it is for |
//! |---|---|
//! | `name` | the names of hosts, which are names of directories on the other machine |
//! | `push` | the minutes that the other side lacks, and the lines that bring them there |
pub mod name;
pub mod push;
