//! Declares the shell's commands, so that each needs a permission in `capabilities/`.

fn main() {
    let commands = &[
        "list_clusters",
        "add_cluster",
        "open_cluster",
        "find_server",
        "review_server",
        "set_up_server",
        "leave_server",
        "remove_cluster",
        "retry_link",
        "stop_link",
        "sign_in",
        "accept_invitation",
        "sign_out",
        "api_call",
        "follow_deployment",
        "follow_command",
        "watch_changes",
        "follow_logs",
        "read_logs",
        "save_logs",
        "watch_links",
        "stop_stream",
        "open_url",
        "test_connection",
        "preview_ssh_config",
        "preview_connections",
        "import_clusters",
        "share_clusters",
        "change_cluster",
        "arrange_clusters",
        "find_local_agent",
        "add_local_agent",
        "load_state",
        "save_state",
        "app_state",
        "set_notices",
        "set_background",
        "watch_tray",
        "watch_updates",
        "set_daily_looks",
        "look_for_update",
        "take_update",
        "restart_app",
        "keep_for_session",
        "list_host_keys",
        "remove_host_key",
        "make_diagnostics",
        "watch_opened_links",
        "follow_terminal",
        "type_into_terminal",
        "terminal_drawn",
        "open_forward",
        "stop_forward",
        "watch_forwards",
    ];
    let manifest = tauri_build::AppManifest::new().commands(commands);
    // The program holds the window's files; a new one is a reason to build it again.
    println!("cargo:rerun-if-changed=../ui/dist");
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
