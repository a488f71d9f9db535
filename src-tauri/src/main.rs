//! The desktop shell: it holds the keychain, the host keys and the SSH connections; the window only shows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod clusters;
mod commands;
mod desk;
mod failures;
mod streams;

use std::process::ExitCode;

use desk::Desk;
use slipway_client::config::Home;

fn main() -> ExitCode {
    let home = match Home::from_environment() {
        Ok(home) => home,
        Err(error) => {
            eprintln!("slipway: {error}");
            return ExitCode::FAILURE;
        }
    };
    let app = tauri::Builder::default()
        .manage(Desk::new(home))
        .plugin(tauri_plugin_opener::init())
        .invoke_handler(tauri::generate_handler![
            commands::clusters::list_clusters,
            commands::clusters::add_cluster,
            commands::clusters::open_cluster,
            commands::clusters::remove_cluster,
            commands::clusters::retry_link,
            commands::session::sign_in,
            commands::session::accept_invitation,
            commands::session::sign_out,
            commands::api::api_call,
            commands::streams::follow_deployment,
            commands::streams::follow_logs,
            commands::streams::watch_links,
            commands::streams::stop_stream,
            commands::links::open_url,
        ]);
    match app.run(tauri::generate_context!()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slipway: the window could not be opened: {error}");
            ExitCode::FAILURE
        }
    }
}
