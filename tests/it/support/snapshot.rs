//! Files that a test makes and people review.

use std::path::Path;

/// Fails when the file differs from what was made; `./test --update` writes it.
#[track_caller]
pub fn check(path: &str, made: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    assert!(
        name.contains("reviewed"),
        "{name}: without the word reviewed in its name ./test --update does not find it"
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, made).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    if kept != made {
        let differing = kept
            .lines()
            .zip(made.lines())
            .position(|(kept, made)| kept != made)
            .unwrap_or_else(|| kept.lines().count().min(made.lines().count()));
        panic!(
            "{path} is not what is made now, from line {}:\n  kept: {}\n  made: {}\nIf the change is meant: ./test --update, and review it.",
            differing + 1,
            kept.lines().nth(differing).unwrap_or("(end)"),
            made.lines().nth(differing).unwrap_or("(end)")
        );
    }
}
