//! The program from outside, as a postmaster's loggers, cron and pollers see it.

mod broken;
mod config;
mod crash;
mod personality;
mod query;
mod readme;
mod rolls;
mod sweep;
mod traffic;
