//! The Unix socket: HTTP/2 with prior knowledge, and HTTP/1.1 for `curl --unix-socket`.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use nix::unistd::Group;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

/// Who is at the other end of the socket, as the kernel says.
#[derive(Clone, Copy)]
pub struct PeerUid(pub u32);

/// The account group whose members may reach the socket.
const GROUP: &str = "slipway";

/// Opens the socket. One that a killed agent left is replaced; one that answers is not.
pub async fn bind(path: &Path) -> std::io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if path.exists() {
        if UnixStream::connect(path).await.is_ok() {
            return Err(std::io::Error::new(
                std::io::ErrorKind::AddrInUse,
                "another agent already answers on this socket",
            ));
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    if let Ok(Some(group)) = Group::from_name(GROUP) {
        // Without root the socket stays the account's own.
        let _ = chown(path, None, Some(group.gid.as_raw()));
    }
    Ok(listener)
}

/// Serves until told to stop; requests under way get a moment to end.
pub async fn serve(listener: UnixListener, router: Router, shutdown: CancellationToken) {
    let tracker = tokio_util::task::TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                tracker.spawn(serve_one(stream, router.clone(), shutdown.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: wait instead of spinning.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    tracker.close();
    let _ = tokio::time::timeout(Duration::from_secs(3), tracker.wait()).await;
}

async fn serve_one(stream: UnixStream, router: Router, shutdown: CancellationToken) {
    let peer = stream
        .peer_cred()
        .ok()
        .map(|credentials| PeerUid(credentials.uid()));
    let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        router.clone().call(request)
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(30));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20))
        .max_concurrent_streams(1000)
        // What comes in may run ahead by this much, so that a long way does not make it slow; all of it by as much as some dozen
        // forwarded connections to a program that does not read.
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(32 << 20);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(Duration::from_secs(2), connection).await;
        }
    }
}
