//! The desktop app's program.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    slipway_desktop::run(tauri::generate_context!())
}
