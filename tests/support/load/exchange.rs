//! One request and its answer.
//!
//! Large bodies go one way: the answer to a large upload is short. Traefik breaks off some answers of more than 4 KiB to a POST
//! over a kept-alive connection, whatever is deployed: Go's HTTP server closes a request's body when the answer begins.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;

use super::client::{Body, Client, version, within, words, wrong_status};

const LARGE: usize = 256 * 1024;
const CHUNK: usize = 16 * 1024;
/// So many requests hold each kind.
const ROUND: u32 = 100;

/// What is asked, and over which connection.
pub struct Exchange {
    number: u32,
    what: What,
    keep: bool,
}

enum What {
    Get,
    /// A long answer.
    Download,
    /// Every byte comes back.
    Echo {
        size: usize,
    },
    /// What the body comes to comes back.
    Upload {
        size: usize,
        chunked: bool,
    },
    Slow(Duration),
}

impl Exchange {
    /// The request of that number.
    pub fn number(number: u32) -> Self {
        let (post, keep) = (number & 1 == 1, number & 2 == 0);
        let small = (number % 1000) as usize;
        let what = match number % ROUND {
            // Each pair has one over a kept-alive connection and one over a new one.
            0 | 2 => What::Download,
            1 | 3 => What::Upload {
                size: LARGE,
                chunked: false,
            },
            21 | 23 => What::Upload {
                size: LARGE,
                chunked: true,
            },
            25 | 27 => What::Upload {
                size: small,
                chunked: true,
            },
            _ if post => What::Echo { size: small },
            _ => What::Get,
        };
        Self { number, what, keep }
    }

    /// One that the application answers after this time.
    pub fn slow(number: u32, after: Duration) -> Self {
        Self {
            number,
            what: What::Slow(after),
            keep: number & 2 == 0,
        }
    }

    /// The time that the application itself was asked to take.
    pub fn asked_delay(&self) -> Duration {
        match self.what {
            What::Slow(after) => after,
            What::Get | What::Download | What::Echo { .. } | What::Upload { .. } => Duration::ZERO,
        }
    }

    /// Asks, and gives the version that answered; or says what was wrong.
    pub async fn run(&self, client: &Client) -> Result<String, String> {
        within(self.ask(client)).await
    }

    async fn ask(&self, client: &Client) -> Result<String, String> {
        let mut sender = if self.keep {
            client.kept().await?
        } else {
            client.fresh().await?
        };
        let sent = self.content();
        let answer = sender
            .send_request(self.request(&client.host, &sent))
            .await
            .map_err(|error| words("the connection broke before the answer", &error))?;
        let (head, body) = answer.into_parts();
        let content = body
            .collect()
            .await
            .map_err(|error| words("the answer broke off", &error))?
            .to_bytes();
        if head.status != http::StatusCode::OK {
            return Err(wrong_status(head.status, &head.headers));
        }
        let version = version(&head.headers).ok_or("the answer is not the application's")?;
        let right = match self.what {
            What::Get | What::Slow(_) => content == format!("version {version}\n").as_bytes(),
            What::Download => content.len() == LARGE && in_place(&content),
            What::Echo { .. } => content == sent,
            What::Upload { .. } => {
                content == format!("{} bytes, {:016x}\n", sent.len(), fnv(&sent)).as_bytes()
            }
        };
        if !right {
            return Err(format!("release {version} gave a wrong answer"));
        }
        if self.keep {
            client.keep(sender);
        }
        Ok(version)
    }

    fn content(&self) -> Bytes {
        match self.what {
            What::Echo { size } | What::Upload { size, .. } => {
                format!("{}:{}", self.number, "x".repeat(size)).into()
            }
            What::Get | What::Download | What::Slow(_) => Bytes::new(),
        }
    }

    fn request(&self, host: &str, content: &Bytes) -> http::Request<Body> {
        let builder = http::Request::builder().header("host", host);
        let builder = if self.keep {
            builder
        } else {
            builder.header("connection", "close")
        };
        let (method, path) = match self.what {
            What::Get => ("GET", "/".to_owned()),
            What::Download => ("GET", format!("/large/{}", LARGE / 1024)),
            What::Slow(after) => ("GET", format!("/slow/{}", after.as_millis())),
            What::Echo { .. } => ("POST", "/echo".to_owned()),
            What::Upload { .. } => ("POST", "/digest".to_owned()),
        };
        let body = match self.what {
            What::Get | What::Download | What::Slow(_) => Empty::new().boxed(),
            What::Upload { chunked: true, .. } => in_chunks(content),
            What::Echo { .. } | What::Upload { .. } => Full::new(content.clone()).boxed(),
        };
        let request = builder.method(method).uri(path).body(body);
        request.expect("a request")
    }
}

/// Every byte is its own place modulo 251.
fn in_place(content: &[u8]) -> bool {
    let places = (0..251_u8).cycle();
    content.iter().zip(places).all(|(byte, place)| *byte == place)
}

/// FNV-1a of 64 bits.
fn fnv(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Without a length beforehand.
fn in_chunks(content: &Bytes) -> Body {
    let frames: Vec<_> = content
        .chunks(CHUNK)
        .map(|chunk| Ok(Frame::data(content.slice_ref(chunk))))
        .collect();
    StreamBody::new(stream::iter(frames)).boxed()
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connection = if self.keep { "kept-alive" } else { "new" };
        match self.what {
            What::Get => write!(f, "GET over a {connection} connection"),
            What::Slow(after) => write!(f, "GET of {} s over a {connection} connection", after.as_secs()),
            What::Download => write!(f, "GET of {LARGE} bytes over a {connection} connection"),
            What::Echo { size } => write!(f, "POST of {size} bytes over a {connection} connection"),
            What::Upload { size, chunked } => {
                let how = if chunked { " in chunks" } else { "" };
                write!(
                    f,
                    "POST of {size} bytes{how}, answered in short, over a {connection} connection"
                )
            }
        }
    }
}
