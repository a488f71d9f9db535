//! An SSH server of our own: with any key, a password, and a record of every sign-in attempt.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use russh::keys::{Algorithm, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, run_stream};
use russh::{Channel, Limits};
use tokio::net::{TcpListener, TcpStream, UnixStream};

pub const PASSWORD: &str = "correct horse battery";

pub struct Rogue {
    pub port: u16,
    pub key: PublicKey,
    /// One entry per attempt to sign in, of whatever kind.
    pub attempts: Arc<Mutex<Vec<String>>>,
    pub connections: Arc<Mutex<usize>>,
    /// Where it leads who wants to go further through it, whatever they ask for.
    pub leads_to: Arc<Mutex<Option<u16>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Rogue {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Rogue {
    /// What nobody has tried yet.
    pub fn learned_nothing(&self) -> bool {
        self.attempts.lock().unwrap().is_empty()
    }

    /// Takes `PASSWORD`, and leads to the socket.
    pub async fn start(socket: PathBuf) -> Self {
        Self::start_with(socket, Limits::default()).await
    }

    /// The same, with new keys after so much.
    pub async fn start_with(socket: PathBuf, limits: Limits) -> Self {
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (attempts, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let public = key.public_key().clone();
        let config = Arc::new(Config {
            keys: vec![key],
            limits,
            auth_rejection_time: std::time::Duration::from_millis(10),
            ..Config::default()
        });
        let (seen, counted) = (attempts.clone(), connections.clone());
        let leads_to = Arc::new(Mutex::new(None));
        let elsewhere = leads_to.clone();
        let task = tokio::spawn(async move {
            let mut sessions = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                *counted.lock().unwrap() += 1;
                let guard = Guard {
                    attempts: seen.clone(),
                    socket: socket.clone(),
                    leads_to: elsewhere.clone(),
                };
                let config = config.clone();
                sessions.spawn(async move {
                    if let Ok(session) = run_stream(config, stream, guard).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self {
            port,
            key: public,
            attempts,
            connections,
            leads_to,
            task,
        }
    }
}

struct Guard {
    attempts: Arc<Mutex<Vec<String>>>,
    socket: PathBuf,
    leads_to: Arc<Mutex<Option<u16>>>,
}

impl Guard {
    fn note(&self, text: String) {
        self.attempts.lock().unwrap().push(text);
    }
}

impl Handler for Guard {
    type Error = russh::Error;

    async fn auth_none(&mut self, user: &str) -> Result<Auth, russh::Error> {
        self.note(format!("none {user}"));
        Ok(Auth::reject())
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.note(format!("password {user}"));
        if user == "breaks" {
            // The connection ends without a word.
            return Err(russh::Error::HUP);
        }
        Ok(if password == PASSWORD {
            Auth::Accept
        } else {
            Auth::reject()
        })
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        _: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        self.note(format!("key {user}"));
        Ok(Auth::reject())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        let Ok(mut agent) = UnixStream::connect(&self.socket).await else {
            return Ok(());
        };
        reply.accept().await;
        tokio::spawn(
            async move { tokio::io::copy_bidirectional(&mut channel.into_stream(), &mut agent).await },
        );
        Ok(())
    }

    /// As a jump host it leads to where it is asked to, or to another port in place of that.
    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        let elsewhere = *self.leads_to.lock().unwrap();
        let port = elsewhere.unwrap_or(u16::try_from(port).unwrap());
        let Ok(mut onward) = TcpStream::connect((host, port)).await else {
            return Ok(());
        };
        reply.accept().await;
        tokio::spawn(
            async move { tokio::io::copy_bidirectional(&mut channel.into_stream(), &mut onward).await },
        );
        Ok(())
    }
}
