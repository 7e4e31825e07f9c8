//! The program from outside, as a postmaster's loggers, cron and pollers see it.

mod broken;
mod checks;
mod clocks;
mod config;
mod crash;
mod damage;
mod full;
mod graphs;
mod left_over;
mod maillog;
mod page;
mod personality;
mod query;
mod readme;
mod rolls;
mod rotate;
mod several;
mod show;
mod sources;
mod sweep;
mod takeover;
mod together;
mod traffic;
