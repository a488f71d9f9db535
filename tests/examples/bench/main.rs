//! The measurements of `cargo xtask bench`, each part with an agent of its own on the same machine. With a name behind it, only
//! that part.

mod bulk;
mod cost;
mod first_page;
mod load;
mod overhead;
mod rollback;
mod services;
mod start;
mod tunnel;
mod upload;
mod window;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

type Part = (&'static str, fn() -> LocalBoxFuture<'static, ()>);

const PARTS: [Part; 10] = [
    ("start", || start::measure().boxed_local()),
    ("overhead", || overhead::measure().boxed_local()),
    ("rollback", || rollback::measure().boxed_local()),
    ("services", || services::measure().boxed_local()),
    ("cost", || cost::measure().boxed_local()),
    ("tunnel", || tunnel::measure().boxed_local()),
    ("upload", || upload::measure().boxed_local()),
    ("bulk", || bulk::measure().boxed_local()),
    ("window", || window::measure().boxed_local()),
    ("load", || load::measure().boxed_local()),
];

#[tokio::main]
async fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let exactly = PARTS.iter().any(|(name, _)| *name == wanted);
    let chosen = |name: &str| {
        if exactly {
            name == wanted
        } else {
            name.contains(&wanted)
        }
    };
    let parts: Vec<&Part> = PARTS.iter().filter(|(name, _)| chosen(name)).collect();
    assert!(
        !parts.is_empty(),
        "no part is called {wanted}; there are {:?}",
        PARTS.map(|(name, _)| name)
    );
    for (name, measure) in parts {
        println!("{name}");
        measure().await;
    }
}

/// One line of the result.
fn tell(what: &str, value: impl std::fmt::Display) {
    println!("  {what:<34} {value}");
}

fn median<T: Ord + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// In milliseconds, for people.
fn ms(time: Duration) -> String {
    format!("{:.0} ms", millis(time))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of bytes that a machine has is far from 2^52"
)]
fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
