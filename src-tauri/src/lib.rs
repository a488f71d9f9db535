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
mod quit;
mod servers;
mod set_ups;
mod shell_word;
mod streams;
mod taken;
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
use tauri::plugin::TauriPlugin;
use tauri::{App, AppHandle, Builder, Context, Manager, RunEvent, Wry};
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
    match app(home, as_one(id, other)).build(context) {
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

/// The beginning of the app: the one that the next ones find, where that can be.
fn as_one(id: String, other: Other) -> Builder<Wry> {
    let builder = Builder::default();
    if other == Other::Silent {
        // Its name is taken, and nobody would answer the plugin either.
        eprintln!("slipway: the app that runs already did not answer; this one opens beside it");
        return builder;
    }
    builder.plugin(one_instance::plugin(id))
}

/// What the app consists of.
fn app(home: Home, builder: Builder<Wry>) -> Builder<Wry> {
    let window_state = window_state(&home);
    #[cfg(target_os = "macos")]
    let builder = builder.menu(quit::menu).on_menu_event(|app, event| {
        if event.id() == quit::ENTRY {
            quit::quit(app);
        }
    });
    builder
        .manage(desk(home))
        .plugin(window_state)
        .plugin(navigation::plugin())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_updater::Builder::new().build())
        .setup(|app| set_up(app).map_err(Into::into))
        .on_page_load(page::on_load)
        .on_window_event(tray::on_window_event)
        .on_window_event(dropped::on_window_event)
        .invoke_handler(commands::handler())
}

/// Keeps the window's place and size beside the other settings.
fn window_state(home: &Home) -> TauriPlugin<Wry> {
    tauri_plugin_window_state::Builder::default()
        .with_filename(home.folder.join("window.json").to_string_lossy())
        .with_state_flags(
            StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN,
        )
        .build()
}

/// What the commands share, with the links that the app was started with.
fn desk(home: Home) -> Desk {
    let desk = Desk::new(home);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    desk.opened.take(arguments.iter().map(String::as_str));
    desk
}

/// As soon as the app runs and its window is there.
fn set_up(app: &App) -> tauri::Result<()> {
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
