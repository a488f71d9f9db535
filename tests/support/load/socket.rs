//! A WebSocket (RFC 6455) to an application that echoes: a message each second, and each has to come back.

use bytes::{Buf, BytesMut};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, Instant, sleep_until, timeout};

use super::client::{Client, version, within, words, wrong_status};
use super::lasting::SILENCE;
use super::report::LastedEnd;

/// The example of RFC 6455, section 1.3, and what has to be answered to it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const PAUSE: Duration = Duration::from_secs(1);
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

const TEXT: u8 = 1;
const CLOSE: u8 = 8;

pub struct Socket {
    pub version: String,
    io: TokioIo<Upgraded>,
    read: BytesMut,
}

/// Opcode and payload.
struct Frame(u8, Vec<u8>);

pub async fn open(client: &Client) -> Result<Socket, String> {
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", KEY),
    ];
    let answer = client.open("/socket", &headers).await?;
    if answer.status() != http::StatusCode::SWITCHING_PROTOCOLS {
        return Err(wrong_status(answer.status(), answer.headers()));
    }
    let accept = answer.headers().get("sec-websocket-accept");
    if accept.is_none_or(|accept| accept != ACCEPT) {
        return Err("the handshake was answered wrongly".to_owned());
    }
    let version = version(answer.headers()).ok_or("the answer is not the application's")?;
    let upgraded = async {
        let upgraded = hyper::upgrade::on(answer).await;
        upgraded.map_err(|error| words("the handshake broke off", &error))
    };
    Ok(Socket {
        version,
        io: TokioIo::new(within(upgraded).await?),
        read: BytesMut::new(),
    })
}

impl Socket {
    /// Sends and receives until the other side closes, or the load ends.
    pub async fn talk(&mut self, stopped: impl Fn() -> bool) -> LastedEnd {
        let mut next = Instant::now();
        for number in 0_u64.. {
            if stopped() {
                return self.say_goodbye().await;
            }
            let message = format!("message {number}");
            if let Some(end) = self.exchange(&message).await {
                return end;
            }
            next += PAUSE;
            // A close may come while nothing is sent.
            let frame = tokio::select! {
                () = sleep_until(next) => continue,
                frame = self.next_frame() => frame,
            };
            match self.judge(frame, &message).await {
                Some(end) => return end,
                None => return LastedEnd::Cut("a message came twice".to_owned()),
            }
        }
        LastedEnd::ByUs
    }

    /// Sends a message and waits for it to come back. What ended the socket, if something did.
    async fn exchange(&mut self, message: &str) -> Option<LastedEnd> {
        let sent = self.send(TEXT, message.as_bytes()).await;
        // Who has closed may have said so before: what is left to read decides.
        let frame = match timeout(SILENCE, self.next_frame()).await {
            Ok(frame) => frame,
            Err(_) => return Some(LastedEnd::Cut(format!("silent for {} s", SILENCE.as_secs()))),
        };
        let end = self.judge(frame, message).await;
        end.or(sent.err().map(LastedEnd::Cut))
    }

    /// Whether a frame is the end of it.
    async fn judge(&mut self, frame: Result<Frame, String>, expected: &str) -> Option<LastedEnd> {
        match frame {
            Err(reason) => Some(LastedEnd::Cut(reason)),
            Ok(Frame(CLOSE, code)) => {
                // The other side may be gone by now; it has said goodbye.
                let _ = self.send(CLOSE, &code).await;
                Some(LastedEnd::Properly)
            }
            Ok(Frame(TEXT, text)) if text == expected.as_bytes() => None,
            Ok(Frame(kind, _)) => Some(LastedEnd::Cut(format!(
                "a wrong message of kind {kind} came back"
            ))),
        }
    }

    async fn say_goodbye(&mut self) -> LastedEnd {
        let _ = self.send(CLOSE, &1000_u16.to_be_bytes()).await;
        let _ = timeout(PAUSE, self.next_frame()).await;
        LastedEnd::ByUs
    }

    /// Messages are shorter than 126 bytes.
    async fn send(&mut self, kind: u8, payload: &[u8]) -> Result<(), String> {
        let length = u8::try_from(payload.len()).unwrap_or(125).min(125);
        let mut frame = vec![128 | kind, 128 | length];
        frame.extend_from_slice(&MASK);
        let masked = payload.iter().zip(MASK.iter().cycle());
        frame.extend(masked.take(usize::from(length)).map(|(byte, mask)| byte ^ mask));
        let written = async {
            self.io.write_all(&frame).await?;
            self.io.flush().await
        };
        written
            .await
            .map_err(|error| words("broke while sending", &error))
    }

    /// The next frame. Loses nothing where it is given up in the middle.
    async fn next_frame(&mut self) -> Result<Frame, String> {
        loop {
            if let Some(frame) = self.parse() {
                return Ok(frame);
            }
            match self.io.read_buf(&mut self.read).await {
                Ok(0) => return Err("ended without a close frame".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(words("broke off", &error)),
            }
        }
    }

    fn parse(&mut self) -> Option<Frame> {
        let [kind, length, ..] = self.read[..] else {
            return None;
        };
        let length = usize::from(length & 127);
        if self.read.len() < 2 + length {
            return None;
        }
        self.read.advance(2);
        Some(Frame(kind & 15, self.read.split_to(length).to_vec()))
    }
}
