//! Answers without an end: numbered events, and bytes at a steady rate. When the application leaves they end properly.

use std::io::{Result, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Of ten in a second.
const PART: Duration = Duration::from_millis(100);
/// A tenth of 1 MiB.
const PART_OF_A_MEBIBYTE: usize = (1 << 20) / 10;
/// Where the events alone are to make 1 MiB/s, each of twenty readers gets its part of it.
const READERS: usize = 20;

/// `/events`: server-sent events, numbered from 1, one each second. `heavy` ones have much between them.
pub fn events(stream: &TcpStream, version: &str, heavy: bool, leaving: impl Fn() -> bool) {
    let _ = in_parts(stream, version, "text/event-stream", leaving, |part| {
        let mut text = String::new();
        if heavy {
            text.push_str(&format!(":{}\n", "x".repeat(PART_OF_A_MEBIBYTE / READERS)));
        }
        if part % 10 == 0 {
            text.push_str(&format!("data: {}\n\n", part / 10 + 1));
        }
        text.into_bytes()
    });
}

/// `/stream`: 1 MiB/s; each byte is its place modulo 251.
pub fn bytes(stream: &TcpStream, version: &str, leaving: impl Fn() -> bool) {
    let _ = in_parts(stream, version, "application/octet-stream", leaving, |part| {
        let from = part * PART_OF_A_MEBIBYTE;
        (from..from + PART_OF_A_MEBIBYTE).map(|place| (place % 251) as u8).collect()
    });
}

fn in_parts(
    mut stream: &TcpStream,
    version: &str,
    kind: &str,
    leaving: impl Fn() -> bool,
    content: impl Fn(usize) -> Vec<u8>,
) -> Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\nX-Version: {version}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    for part in 0.. {
        if leaving() {
            break;
        }
        let content = content(part);
        if !content.is_empty() {
            let mut chunk = format!("{:x}\r\n", content.len()).into_bytes();
            chunk.extend_from_slice(&content);
            chunk.extend_from_slice(b"\r\n");
            stream.write_all(&chunk)?;
        }
        std::thread::sleep(PART);
    }
    stream.write_all(b"0\r\n\r\n")
}
