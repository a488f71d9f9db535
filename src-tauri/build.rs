//! Declares the shell's commands, so that each needs a permission in `capabilities/`.

fn main() {
    let commands = &[
        "list_clusters",
        "add_cluster",
        "open_cluster",
        "remove_cluster",
        "retry_link",
        "sign_in",
        "accept_invitation",
        "sign_out",
        "api_call",
        "follow_deployment",
        "follow_logs",
        "watch_links",
        "stop_stream",
        "open_url",
    ];
    let manifest = tauri_build::AppManifest::new().commands(commands);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
