//! What the window can ask of the shell. The names, arguments and answers are those of `slipway_protocol::desktop`.

pub mod api;
pub mod app;
pub mod check;
pub mod clusters;
pub mod dropped;
pub mod forwards;
pub mod import;
pub mod links;
pub mod logs;
pub mod session;
pub mod setup;
pub mod streams;
pub mod terminals;
pub mod this_machine;
pub mod updates;

use tauri::Wry;
use tauri::ipc::Invoke;

/// All commands by their names. Each is named in `build.rs` and in `capabilities/main.json` too.
pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        clusters::list_clusters,
        clusters::add_cluster,
        clusters::open_cluster,
        setup::find_server,
        setup::review_server,
        setup::set_up_server,
        setup::follow_set_up,
        setup::watch_set_ups,
        setup::close_app,
        setup::leave_server,
        clusters::remove_cluster,
        clusters::retry_link,
        clusters::stop_link,
        session::sign_in,
        session::accept_invitation,
        session::sign_out,
        session::choose_team,
        api::api_call,
        streams::follow_deployment,
        streams::follow_command,
        streams::watch_changes,
        streams::follow_logs,
        logs::read_logs,
        logs::save_logs,
        streams::watch_links,
        streams::stop_stream,
        streams::stream_taken,
        links::open_url,
        check::test_connection,
        import::preview_ssh_config,
        import::preview_connections,
        import::import_clusters,
        import::share_clusters,
        clusters::change_cluster,
        clusters::arrange_clusters,
        this_machine::find_local_agent,
        this_machine::add_local_agent,
        this_machine::prepare_local_agent,
        app::load_state,
        app::save_state,
        app::load_drafts,
        app::save_drafts,
        app::app_state,
        app::set_notices,
        app::set_background,
        app::watch_tray,
        updates::watch_updates,
        updates::set_daily_looks,
        updates::look_for_update,
        updates::take_update,
        updates::restart_app,
        app::keep_for_session,
        app::list_host_keys,
        app::remove_host_key,
        app::make_diagnostics,
        streams::watch_opened_links,
        dropped::watch_drops,
        dropped::send_dropped,
        dropped::forget_dropped,
        terminals::follow_terminal,
        terminals::type_into_terminal,
        terminals::terminal_drawn,
        forwards::open_forward,
        forwards::stop_forward,
        forwards::watch_forwards,
    ]
}
