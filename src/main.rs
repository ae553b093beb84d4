//! The command line: see [`incamera::cli`].

fn main() -> std::process::ExitCode {
    incamera::cli::run()
}
