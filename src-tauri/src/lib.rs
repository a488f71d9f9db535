//! The desktop shell: it holds the keychain, the host keys and the SSH connections; the window only shows.
mod clusters;
mod commands;
mod desk;
mod downloads;
mod dropped;
mod failures;
#[cfg(target_os = "linux")]
mod former;
mod forwards;
#[cfg(target_os = "linux")]
mod image_links;
mod navigation;
mod notices;
mod one_instance;
mod opened;
mod pace;
mod page;
mod plain;
mod servers;
mod set_ups;
mod streams;
mod terminals;
mod this_machine;
mod tray;
mod updates;
#[cfg(target_os = "linux")]
mod webview;

use std::process::ExitCode;

use desk::Desk;
use one_instance::Other;
use slipway_client::config::Home;
use tauri::{AppHandle, Context, Manager, RunEvent};
use tauri_plugin_window_state::StateFlags;

/// Opens the window, and runs until the person ends the app. `context` is what the app was built with: its window's files and its settings.
#[must_use]
pub fn run(context: Context) -> ExitCode {
    let home = match Home::from_environment() {
        Ok(home) => home,
        Err(error) => {
            eprintln!("slipway: {error}");
            return ExitCode::FAILURE;
        }
    };
    let id = one_instance::id(&home.folder);
    let other = one_instance::meet(&id);
    if other == Other::Shows {
        return ExitCode::SUCCESS;
    }
    let window_state = tauri_plugin_window_state::Builder::default()
        .with_filename(home.folder.join("window.json").to_string_lossy())
        .with_state_flags(
            StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN,
        )
        .build();
    let desk = Desk::new(home);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    desk.opened.take(arguments.iter().map(String::as_str));
    let mut builder = tauri::Builder::default();
    if other == Other::Silent {
        // Its name is taken, and nobody would answer the plugin either.
        eprintln!("slipway: the app that runs already did not answer; this one opens beside it");
    } else {
        builder = builder.plugin(one_instance::plugin(id));
    }
    let app = builder
        .manage(desk)
        .plugin(window_state)
        .plugin(navigation::plugin())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_updater::Builder::new().build())
        .setup(|app| {
            app.state::<Desk>().notices.lead_to(app.handle().clone());
            tauri::async_runtime::spawn(tray::run(app.handle().clone()));
            tauri::async_runtime::spawn(updates::run(app.handle().clone()));
            #[cfg(target_os = "linux")]
            image_links::register(app.handle());
            #[cfg(target_os = "linux")]
            if let Some(window) = app.get_webview_window("main") {
                webview::keep_little(&window)?;
                webview::draw_without_the_graphics_card(&window)?;
                webview::come_back(&window)?;
                webview::leave_out_reloading(&window)?;
                webview::tell_own_drags(&window)?;
            }
            Ok(())
        })
        .on_page_load(page::on_load)
        .on_window_event(tray::on_window_event)
        .on_window_event(dropped::on_window_event)
        .invoke_handler(tauri::generate_handler![
            commands::clusters::list_clusters,
            commands::clusters::add_cluster,
            commands::clusters::open_cluster,
            commands::setup::find_server,
            commands::setup::review_server,
            commands::setup::set_up_server,
            commands::setup::follow_set_up,
            commands::setup::watch_set_ups,
            commands::setup::close_app,
            commands::setup::leave_server,
            commands::clusters::remove_cluster,
            commands::clusters::retry_link,
            commands::clusters::stop_link,
            commands::session::sign_in,
            commands::session::accept_invitation,
            commands::session::sign_out,
            commands::api::api_call,
            commands::streams::follow_deployment,
            commands::streams::follow_command,
            commands::streams::watch_changes,
            commands::streams::follow_logs,
            commands::logs::read_logs,
            commands::logs::save_logs,
            commands::streams::watch_links,
            commands::streams::stop_stream,
            commands::links::open_url,
            commands::check::test_connection,
            commands::import::preview_ssh_config,
            commands::import::preview_connections,
            commands::import::import_clusters,
            commands::import::share_clusters,
            commands::clusters::change_cluster,
            commands::clusters::arrange_clusters,
            commands::this_machine::find_local_agent,
            commands::this_machine::add_local_agent,
            commands::this_machine::prepare_local_agent,
            commands::app::load_state,
            commands::app::save_state,
            commands::app::app_state,
            commands::app::set_notices,
            commands::app::set_background,
            commands::app::watch_tray,
            commands::updates::watch_updates,
            commands::updates::set_daily_looks,
            commands::updates::look_for_update,
            commands::updates::take_update,
            commands::updates::restart_app,
            commands::app::keep_for_session,
            commands::app::list_host_keys,
            commands::app::remove_host_key,
            commands::app::make_diagnostics,
            commands::streams::watch_opened_links,
            commands::dropped::watch_drops,
            commands::dropped::send_dropped,
            commands::dropped::forget_dropped,
            commands::terminals::follow_terminal,
            commands::terminals::type_into_terminal,
            commands::terminals::terminal_drawn,
            commands::forwards::open_forward,
            commands::forwards::stop_forward,
            commands::forwards::watch_forwards,
        ]);
    match app.build(context) {
        Ok(app) => {
            app.run(on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("slipway: the window could not be opened: {error}");
            ExitCode::FAILURE
        }
    }
}

/// macOS hands links over as an event, and a click on the app in its dock too; the other systems start the app with them.
#[cfg(target_os = "macos")]
fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::Opened { urls } => {
            app.state::<Desk>()
                .opened
                .take(urls.iter().map(|url| url.as_str()));
            one_instance::show(app);
        }
        RunEvent::Reopen { .. } => one_instance::show(app),
        _ => {}
    }
}

#[cfg(not(target_os = "macos"))]
fn on_event(_: &AppHandle, _: RunEvent) {}
