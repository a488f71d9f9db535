//! A WebSocket (RFC 6455) that sends every message back. When the application leaves it closes with 1001, “going away”.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::digest::{base64, sha1};

const LOOK: Duration = Duration::from_millis(100);
/// A frame that has begun comes whole within this time, and so does the answer to a close frame.
const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST: u64 = 1 << 20;

const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The head of the answer to a handshake with this key.
pub fn accepted(key: &str, version: &str) -> String {
    let accept = base64(&sha1(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11").as_bytes()));
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nX-Version: {version}\r\n\r\n"
    )
}

/// Echoes until one side closes.
pub fn echo(stream: &TcpStream, leaving: impl Fn() -> bool) {
    let _ = echo_until_closed(stream, leaving);
}

fn echo_until_closed(mut stream: &TcpStream, leaving: impl Fn() -> bool) -> Result<()> {
    loop {
        if leaving() {
            return close(stream);
        }
        if !something_came(stream)? {
            continue;
        }
        let (kind, payload) = read_frame(stream)?;
        match kind {
            CLOSE => return write_frame(&mut stream, CLOSE, &payload),
            PING => write_frame(&mut stream, PONG, &payload)?,
            PONG => {}
            kind => write_frame(&mut stream, kind, &payload)?,
        }
    }
}

/// Says goodbye and waits until the other side has, so that nothing unread breaks the connection.
fn close(mut stream: &TcpStream) -> Result<()> {
    write_frame(&mut stream, CLOSE, &1001_u16.to_be_bytes())?;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if something_came(stream)? && read_frame(stream)?.0 == CLOSE {
            break;
        }
    }
    Ok(())
}

/// Waits a moment for the first byte of a frame.
fn something_came(stream: &TcpStream) -> Result<bool> {
    stream.set_read_timeout(Some(LOOK))?;
    match stream.peek(&mut [0]) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opcode and unmasked payload. Messages in several frames are sent back frame by frame.
fn read_frame(mut stream: &TcpStream) -> Result<(u8, Vec<u8>)> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let length = match head[1] & 127 {
        126 => {
            let mut long = [0; 2];
            stream.read_exact(&mut long)?;
            u64::from(u16::from_be_bytes(long))
        }
        127 => {
            let mut long = [0; 8];
            stream.read_exact(&mut long)?;
            u64::from_be_bytes(long)
        }
        short => u64::from(short),
    };
    if length > LONGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut mask = [0; 4];
    if head[1] & 128 != 0 {
        stream.read_exact(&mut mask)?;
    }
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload)?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok((head[0] & 15, payload))
}

fn write_frame(stream: &mut impl Write, kind: u8, payload: &[u8]) -> Result<()> {
    let mut frame = vec![128 | kind];
    match payload.len() {
        short @ 0..=125 => frame.push(short as u8),
        middle @ 126..=0xFFFF => {
            frame.push(126);
            frame.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    stream.write_all(&frame)
}
