//! From a host name to a byte stream that ends at the agent's socket.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use russh::client::{self, Handle};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{ChannelOpenFailure, Preferred, cipher, compression, kex, mac};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Stream;
use super::exec::{self, Outcome};
use super::host_key::{Farewell, HostKeyCheck, SshFault, unusable};
use super::leash::Leash;
use super::prompt_tcp::PromptTcp;
use crate::error::ConnectError;
use crate::known_hosts::KnownHosts;
use crate::profiles::AgentSocket;

/// The longest wait for each stage before the sign-in.
const PATIENCE: Duration = Duration::from_secs(10);
/// A dead connection is noticed after two of these without a word: 14 s, inside the promised 15. On a link that lives, HTTP/2 asks sooner,
/// and this never does.
const KEEPALIVE: Duration = Duration::from_secs(7);
const KEEPALIVES_MISSED: usize = 1;

/// The SSH server and the account on it.
#[derive(Clone)]
pub(crate) struct SshTarget {
    pub host: String,
    pub port: u16,
    pub user: String,
}

/// A signed-in SSH connection. It ends when this is dropped.
pub(crate) struct Tunnel {
    pub handle: Handle<HostKeyCheck>,
    pub farewell: Farewell,
    /// The jump host's connection that this one goes through.
    pub through: Option<Box<Tunnel>>,
}

/// The addresses of a host.
pub(crate) async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let unreachable = |reason: String| ConnectError::Unreachable {
        host: host.to_owned(),
        reason,
    };
    let found = timeout(PATIENCE, tokio::net::lookup_host((host, port))).await;
    let addresses: Vec<SocketAddr> = match found {
        Err(_) => {
            return Err(unreachable(
                "its name could not be looked up in 10 seconds".to_owned(),
            ));
        }
        Ok(Err(_)) => return Err(unreachable("its name is not known".to_owned())),
        Ok(Ok(addresses)) => addresses.collect(),
    };
    if addresses.is_empty() {
        Err(unreachable("its name has no address".to_owned()))
    } else {
        Ok(addresses)
    }
}

/// So long an address has before the next one is tried beside it.
const HEAD_START: Duration = Duration::from_millis(300);

/// A TCP connection to the first address that answers. They are tried side by side (RFC 8305): one that drops what comes would take all the
/// time that there is.
pub(crate) async fn connect_tcp(
    host: &str,
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<Box<dyn Stream>, ConnectError> {
    let reason = match timeout(patience, first_of(addresses)).await {
        Ok(Ok(stream)) => {
            return Ok(Box::new(PromptTcp::new(stream)));
        }
        Ok(Err(reason)) => reason,
        Err(_) => format!("it did not answer in {} seconds", patience.as_secs()),
    };
    Err(ConnectError::Unreachable {
        host: host.to_owned(),
        reason,
    })
}

/// The first connection that comes about; else why the last one did not.
pub(crate) async fn first_of(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut last = "it has no address".to_owned();
    let mut waiting = addresses.iter();
    let mut attempts = FuturesUnordered::new();
    loop {
        match waiting.next() {
            Some(address) => attempts.push(async move { (address, TcpStream::connect(address).await) }),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        let others = waiting.len() > 0;
        tokio::select! {
            Some((address, ended)) = attempts.next() => match ended {
                Ok(stream) => return Ok(stream),
                Err(error) => last = in_words(&error, address.port()),
            },
            () = tokio::time::sleep(HEAD_START), if others => {}
        }
    }
}

fn in_words(error: &std::io::Error, port: u16) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => format!("nothing listens on port {port}"),
        std::io::ErrorKind::HostUnreachable => "there is no way to this host".to_owned(),
        std::io::ErrorKind::NetworkUnreachable => "this machine has no network that leads there".to_owned(),
        _ => error.to_string(),
    }
}

/// Key exchange and host key check. When it returns, the server is who it should be, and knows nothing of the user yet.
pub(crate) async fn handshake(
    target: &SshTarget,
    known: &KnownHosts,
    accepted: Option<String>,
    stream: Box<dyn Stream>,
) -> Result<Tunnel, ConnectError> {
    let on_record = known.algorithms(&target.host, target.port).map_err(unusable)?;
    let farewell = Farewell::default();
    let check = HostKeyCheck {
        host: target.host.clone(),
        port: target.port,
        known: known.clone(),
        accepted,
        farewell: farewell.clone(),
    };
    let config = Arc::new(configuration(&on_record));
    let (leash, stream) = Leash::on(stream);
    match timeout(PATIENCE, client::connect_stream(config, stream, check)).await {
        Ok(Ok(handle)) => {
            leash.let_go();
            Ok(Tunnel {
                handle,
                farewell,
                through: None,
            })
        }
        Ok(Err(SshFault::Refused(error))) => Err(error),
        Ok(Err(SshFault::Ssh(error))) => Err(not_ssh(target, &error)),
        Err(_) => Err(ConnectError::BrokenOff {
            host: target.host.clone(),
            reason: "its SSH server did not finish the key exchange in 10 seconds".to_owned(),
        }),
    }
}

fn not_ssh(target: &SshTarget, error: &russh::Error) -> ConnectError {
    let host = target.host.clone();
    match error {
        russh::Error::Disconnect
        | russh::Error::HUP
        | russh::Error::IO(_)
        | russh::Error::RecvError
        | russh::Error::SendError
        | russh::Error::ConnectionTimeout
        | russh::Error::KeepaliveTimeout => ConnectError::BrokenOff {
            host,
            reason: "it closed this one before the key exchange was done".to_owned(),
        },
        russh::Error::NoCommonAlgo { kind, .. } => ConnectError::Protocol {
            host,
            reason: format!("it offers no modern {kind:?} algorithm"),
        },
        other => ConnectError::Protocol {
            host,
            reason: other.to_string(),
        },
    }
}

/// Modern algorithms only, no compression; the types of the keys on record are asked for first.
fn configuration(on_record: &[Algorithm]) -> client::Config {
    const KEX: &[kex::Name] = &[
        kex::MLKEM768X25519_SHA256,
        kex::CURVE25519,
        kex::CURVE25519_PRE_RFC_8731,
        kex::DH_G18_SHA512,
        kex::DH_G16_SHA512,
        kex::EXTENSION_SUPPORT_AS_CLIENT,
        kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    ];
    const CIPHERS: &[cipher::Name] = &[
        cipher::CHACHA20_POLY1305,
        cipher::AES_256_GCM,
        cipher::AES_256_CTR,
        cipher::AES_128_CTR,
    ];
    const MACS: &[mac::Name] = &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM];
    let preferred = Preferred {
        kex: Cow::Borrowed(KEX),
        key: Cow::Owned(host_key_order(on_record)),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(&[compression::NONE]),
    };
    client::Config {
        preferred,
        keepalive_interval: Some(KEEPALIVE),
        keepalive_max: KEEPALIVES_MISSED,
        nodelay: true,
        ..client::Config::default()
    }
}

fn host_key_order(on_record: &[Algorithm]) -> Vec<Algorithm> {
    let mut order = vec![
        Algorithm::Ed25519,
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP384,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP521,
        },
        Algorithm::Rsa {
            hash: Some(HashAlg::Sha512),
        },
        Algorithm::Rsa {
            hash: Some(HashAlg::Sha256),
        },
    ];
    let recorded = |algorithm: &Algorithm| {
        on_record
            .iter()
            .any(|known| known == algorithm || (is_rsa(known) && is_rsa(algorithm)))
    };
    order.sort_by_key(|algorithm| !recorded(algorithm));
    order
}

fn is_rsa(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Rsa { .. })
}

/// Opens the one channel to the agent: straight to its socket, or through `slipway-agent dial-stdio` where the server
/// forbids forwarding.
pub(crate) async fn open_channel(
    tunnel: &Tunnel,
    target: &SshTarget,
    agent_socket: &AgentSocket,
) -> Result<(Box<dyn Stream>, Option<Outcome>), ConnectError> {
    let socket = agent_socket.as_str();
    match timeout(PATIENCE, tunnel.handle.channel_open_direct_streamlocal(socket)).await {
        Ok(Ok(channel)) => return Ok((Box::new(channel.into_stream()), None)),
        Ok(Err(russh::Error::ChannelOpenFailure(_))) => {}
        Ok(Err(_)) => {
            return Err(ConnectError::Lost {
                host: target.host.clone(),
            });
        }
        Err(_) => {
            return Err(absent(
                target,
                "the server did not open the way to it in 10 seconds",
            ));
        }
    }
    match timeout(PATIENCE, exec::dial_stdio(tunnel, agent_socket)).await {
        Ok(Ok((stream, outcome))) => Ok((stream, Some(outcome))),
        Ok(Err(russh::Error::ChannelOpenFailure(_) | russh::Error::RequestDenied)) => {
            let reason =
                format!("the server allows neither the way to {socket} nor the command slipway-agent");
            Err(absent(target, &reason))
        }
        Ok(Err(_)) => Err(ConnectError::Lost {
            host: target.host.clone(),
        }),
        Err(_) => Err(absent(target, "the server did not start it in 10 seconds")),
    }
}

/// A byte stream to another host through a jump host, in place of a TCP connection.
pub(crate) async fn forward(
    tunnel: &Tunnel,
    jump: &str,
    host: &str,
    port: u16,
) -> Result<Box<dyn Stream>, ConnectError> {
    let refused = |reason: &str| ConnectError::JumpRefused {
        jump: jump.to_owned(),
        host: format!("{host} (port {port})"),
        reason: reason.to_owned(),
    };
    let opened = tunnel
        .handle
        .channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0);
    match timeout(PATIENCE, opened).await {
        Ok(Ok(channel)) => Ok(Box::new(channel.into_stream())),
        Ok(Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited))) => {
            Err(refused("it forbids forwarding"))
        }
        Ok(Err(russh::Error::ChannelOpenFailure(_))) => Err(refused("it cannot connect to it")),
        Ok(Err(_)) => Err(ConnectError::Lost {
            host: jump.to_owned(),
        }),
        Err(_) => Err(refused("it did not answer in 10 seconds")),
    }
}

fn absent(target: &SshTarget, reason: &str) -> ConnectError {
    ConnectError::AgentAbsent {
        host: target.host.clone(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-04: the server is asked for the type of key that is on record, so that no other type looks like a change.
    #[test]
    fn recorded_key_types_come_first() {
        assert_eq!(host_key_order(&[])[0], Algorithm::Ed25519);
        let order = host_key_order(&[Algorithm::Rsa { hash: None }]);
        assert_eq!(
            order[0],
            Algorithm::Rsa {
                hash: Some(HashAlg::Sha512)
            }
        );
        assert_eq!(order.len(), 6);
        assert!(
            !order.contains(&Algorithm::Rsa { hash: None }),
            "no SHA-1 signatures"
        );
    }

    /// FR-CON-08: an address that refuses, or takes what comes and answers nothing, keeps nobody from the next one.
    #[tokio::test]
    async fn one_address_is_tried_beside_the_other() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = listener.local_addr().unwrap();
        let refuses: SocketAddr = "127.0.0.1:1".parse().unwrap();
        // Kept for documentation (RFC 5737): nobody answers there.
        let silent: SocketAddr = "192.0.2.1:22".parse().unwrap();
        let begun = tokio::time::Instant::now();
        let stream = first_of(&[silent, refuses, there]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), there);
        // The system itself gives the silent one up after two minutes.
        assert!(begun.elapsed() < Duration::from_secs(60));
        assert!(
            first_of(&[refuses])
                .await
                .is_err_and(|why| why.contains("port 1"))
        );
        assert!(first_of(&[]).await.is_err());
    }
}
