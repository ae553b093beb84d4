//! What the benchmarks share.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::cluster;

/// How often a second the disk under `folder` makes four kilobytes durable.
pub fn syncs_a_second(folder: &Path) -> f64 {
    let path = folder.join("sync");
    let mut file = std::fs::File::create(&path).unwrap();
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(1) {
        file.write_all(&[1; 4096]).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    std::fs::remove_file(path).unwrap();
    f64::from(count) / begun.elapsed().as_secs_f64()
}

/// Whether this database is to be measured: all are, unless `--database` names one. Of PostgreSQL the server must be
/// installed.
pub fn is_asked_for(database: &str) -> bool {
    let args: Vec<String> = std::env::args().collect();
    let only = args.iter().position(|arg| arg == "--database").map(|at| args[at + 1].as_str());
    let there = database != "postgres" || cluster::binaries().is_some();
    if !there {
        println!("{database}: left out, its server is not installed");
    }
    there && only.is_none_or(|only| only == database)
}
