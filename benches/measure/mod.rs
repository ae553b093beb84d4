//! What the benchmarks share.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

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
