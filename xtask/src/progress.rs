//! What the person sees while a task works: one line per step, with its time, and a failure with what to do.

use std::time::Instant;

use anyhow::Result;

/// Does a step and shows how long it took.
pub fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("• {title} …");
    let begun = Instant::now();
    let result = work();
    match &result {
        Ok(_) => eprintln!("  done in {:.1} s", begun.elapsed().as_secs_f64()),
        Err(_) => eprintln!("✗ {title}: failed after {:.1} s", begun.elapsed().as_secs_f64()),
    }
    result
}

/// A remark below the step's line.
pub fn note(text: &str) {
    eprintln!("  {text}");
}

/// The end of a task that failed.
pub fn failed(error: &anyhow::Error) {
    eprintln!("\n✗ {error:#}");
}
