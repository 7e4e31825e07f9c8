//! Many hosts: each pushes its minutes to an rrdcached, and one machine draws them all.
//!
//! | file | what it is for |
//! |---|---|
//! | `name` | the names of hosts, which are names of directories on the other machine |
//! | `push` | the minutes that the other side lacks, and the lines that bring them there |
//! | `read` | what all hosts have pushed: a reading of each, and of all together |
pub mod name;
pub mod push;
pub mod read;
