//! Somebody who makes releases: a list of versions and packages on a local HTTP server, signed, or not quite.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::KeyPair;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const LIST: &str = "/latest.json";

pub struct UpdateFeed {
    address: String,
    keys: KeyPair,
    files: Arc<Mutex<HashMap<String, File>>>,
    /// Of each file only the first half goes out.
    held: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct File {
    content: Vec<u8>,
    /// So many bytes are promised, in whatever number they come.
    promised: usize,
}

impl Drop for UpdateFeed {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl UpdateFeed {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let files: Arc<Mutex<HashMap<String, File>>> = Arc::default();
        let served = Arc::clone(&files);
        let (held, seen) = watch::channel(false);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (files, held) = (Arc::clone(&served), seen.clone());
                tokio::spawn(async move { serve(stream, &files, held).await });
            }
        });
        Self {
            address,
            keys: KeyPair::generate_unencrypted_keypair().expect("a pair of keys"),
            files,
            held,
            serving,
        }
    }

    /// What names this feed to an app that is built for development.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let key = self.keys.pk.to_box().expect("a public key").to_string();
        [
            ("SLIPWAY_UPDATE_FEED", format!("{}{LIST}", self.address)),
            ("SLIPWAY_UPDATE_KEY", STANDARD.encode(key)),
        ]
    }

    /// The text that goes with a package of this version.
    pub fn sign(&self, package: &[u8], version: &str) -> String {
        sign(&self.keys, package, version)
    }

    /// The same by somebody else.
    pub fn sign_as_another(package: &[u8], version: &str) -> String {
        let keys = KeyPair::generate_unencrypted_keypair().expect("a pair of keys");
        sign(&keys, package, version)
    }

    /// From now on the list says this.
    pub fn offer(&self, version: &str, package: &[u8], signature: &str) {
        let path = "/Slipway.AppImage";
        let url = format!("{}{path}", self.address);
        let list = json!({
            "version": version,
            "platforms": { "linux-x86_64": { "url": url, "signature": signature } },
        });
        self.put(LIST, list.to_string().into_bytes());
        self.put(path, package.to_vec());
    }

    /// The package ends before its end.
    pub fn truncate(&self) {
        let mut files = self.files.lock().expect("not poisoned");
        let package = files.get_mut("/Slipway.AppImage").expect("a package");
        package.content.truncate(package.promised / 2);
    }

    /// From now on only the first half of each file goes out.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// The other half follows, also of what waits already.
    pub fn go_on(&self) {
        self.held.send_replace(false);
    }

    /// There is nothing here any more.
    pub fn forget(&self) {
        self.files.lock().expect("not poisoned").clear();
    }

    fn put(&self, path: &str, content: Vec<u8>) {
        let promised = content.len();
        let file = File { content, promised };
        let mut files = self.files.lock().expect("not poisoned");
        files.insert(path.to_owned(), file);
    }
}

fn sign(keys: &KeyPair, package: &[u8], version: &str) -> String {
    let comment = format!("timestamp:1\tfile:Slipway.AppImage\tversion:{version}");
    let signed = minisign::sign(
        Some(&keys.pk),
        &keys.sk,
        Cursor::new(package),
        Some(&comment),
        None,
    );
    STANDARD.encode(signed.expect("a signature").to_string())
}

/// One answer to one request (RFC 9112), and no more on this connection.
async fn serve(mut stream: TcpStream, files: &Mutex<HashMap<String, File>>, mut held: watch::Receiver<bool>) {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    let mut first = None;
    while let Ok(Some(line)) = lines.next_line().await {
        if line.is_empty() {
            break;
        }
        first.get_or_insert(line);
    }
    let path = first.as_deref().and_then(|line| line.split(' ').nth(1));
    let file = path.and_then(|path| files.lock().expect("not poisoned").get(path).cloned());
    let (status, file) = match file {
        Some(file) => ("200 OK", file),
        None => (
            "404 Not Found",
            File {
                content: Vec::new(),
                promised: 0,
            },
        ),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        file.promised
    );
    // Who has gone wants no answer.
    let _ = writer.write_all(head.as_bytes()).await;
    let (first, second) = file.content.split_at(file.content.len() / 2);
    let _ = writer.write_all(first).await;
    // Where the feed has gone nothing is held.
    let _ = held.wait_for(|held| !held).await;
    let _ = writer.write_all(second).await;
}
