//! A registry of images: Debian's `docker-registry` on a loopback port, with or without a sign-in.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::engine::Engine;
use crate::process::{Daemon, Start};
use crate::wait;

pub const USER: &str = "ada";
pub const PASSWORD: &str = "canary-of-the-registry";

pub struct Registry {
    _folder: TempDir,
    port: u16,
    _process: Daemon,
}

impl Registry {
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Hands out and takes nothing without the sign-in.
    pub async fn private() -> Self {
        let hash = Start::new("htpasswd")
            .args(["-nbB", USER, PASSWORD])
            .ok(Duration::from_secs(60))
            .await;
        Self::start_with(Some(hash)).await
    }

    async fn start_with(login: Option<String>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-reg-")
            .tempdir()
            .expect("a folder");
        let (port, path) = (wait::free_port(), folder.path());
        let auth = match login {
            Some(line) => {
                fs::write(path.join("htpasswd"), line).expect("the sign-in");
                format!(
                    "auth:\n  htpasswd:\n    realm: test\n    path: {}\n",
                    path.join("htpasswd").display()
                )
            }
            None => String::new(),
        };
        let config = format!(
            "version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n{auth}",
            path.join("data").display()
        );
        fs::write(path.join("config.yml"), config).expect("the configuration");
        let program = ["/usr/bin/docker-registry", "/usr/bin/registry"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("docker-registry is not installed; run `cargo xtask test`");
        let mut process = Start::new(program)
            .arg("serve")
            .arg(path.join("config.yml"))
            .env("OTEL_TRACES_EXPORTER", "none")
            .daemon(&path.join("log"));
        wait::until("the registry listens", Duration::from_secs(120), async || {
            assert!(process.is_running(), "the registry ended: {}", process.output());
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        Self {
            _folder: folder,
            port,
            _process: process,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// As an image's reference begins.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Puts an image of the engine there under a name, and takes the name off the engine again.
    pub async fn put(&self, engine: &Engine, image: &str, name: &str, tag: &str) {
        let repository = format!("{}/{name}", self.host());
        let (status, body) = engine
            .call(
                "POST",
                &format!("/images/{image}/tag?repo={repository}&tag={tag}"),
                None,
            )
            .await;
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        let login = json!({ "username": USER, "password": PASSWORD, "serveraddress": self.host() });
        let said = engine.push(&repository, tag, &login).await;
        assert!(!said.contains("errorDetail"), "{said}");
        assert!(engine.remove_image(&format!("{repository}:{tag}")).await);
    }
}
