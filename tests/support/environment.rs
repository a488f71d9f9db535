//! Where the built programs and the Docker engine are. `cargo xtask test` says so; without it a test fails and says what to run.

use std::path::PathBuf;

/// The engine's address: `unix:///path`.
pub fn docker() -> String {
    need("SLIPWAY_TEST_DOCKER")
}

/// The file with the engine's process id, where the engine is one that `cargo xtask test` keeps for itself.
pub fn docker_pid_file() -> PathBuf {
    need("SLIPWAY_TEST_DOCKER_PID_FILE").into()
}

/// The built `slipway-agent`.
pub fn agent() -> PathBuf {
    need("SLIPWAY_TEST_AGENT").into()
}

/// The built `slipway`.
pub fn cli() -> PathBuf {
    need("SLIPWAY_TEST_CLI").into()
}

/// The built desktop app.
pub fn desktop() -> PathBuf {
    need("SLIPWAY_TEST_DESKTOP").into()
}

/// The `tauri-driver` program.
pub fn tauri_driver() -> PathBuf {
    need("SLIPWAY_TEST_TAURI_DRIVER").into()
}

/// Where agents have their folders.
pub fn scratch() -> PathBuf {
    let told = std::env::var_os("SLIPWAY_TEST_SCRATCH");
    told.map_or_else(std::env::temp_dir, PathBuf::from)
}

/// Whether tests that have a short and a long form run the long one.
pub fn thorough() -> bool {
    std::env::var_os("SLIPWAY_TEST_THOROUGH").is_some_and(|value| !value.is_empty())
}

/// The one fault that a thorough run is about; none named: all.
pub fn only_fault() -> Option<String> {
    std::env::var("SLIPWAY_TEST_FAULT").ok()
}

/// The folder of this crate. Cargo says so when it runs a test; where the test was built may be another clone.
pub fn crate_folder() -> PathBuf {
    let built = env!("CARGO_MANIFEST_DIR");
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| built.into(), PathBuf::from)
}

/// What is kept between runs, outside the clone.
pub fn cache() -> PathBuf {
    std::env::var_os("SLIPWAY_CACHE")
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            let home = std::env::home_dir().unwrap_or_else(std::env::temp_dir);
            home.join(".cache").join("slipway")
        })
}

fn need(name: &str) -> String {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("{name} is not set; run `cargo xtask test`"),
    }
}
