//! A TCP stream that acknowledges at once what it receives.
//!
//! An SSH server sends with Nagle's algorithm unless there is a terminal, so the second small packet of an answer waits
//! until the first one is acknowledged, which Linux puts off for 40 ms. Acknowledging at once takes that wait away.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

pub(crate) struct PromptTcp(TcpStream);

impl PromptTcp {
    pub fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        let prompt = Self(stream);
        prompt.acknowledge_at_once();
        prompt
    }

    /// The kernel forgets this wish now and then, so it is renewed with each read.
    #[cfg(target_os = "linux")]
    fn acknowledge_at_once(&self) {
        let _ = socket2::SockRef::from(&self.0).set_tcp_quickack(true);
    }

    #[cfg(not(target_os = "linux"))]
    fn acknowledge_at_once(&self) {}
}

impl AsyncRead for PromptTcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(context, buffer);
        if read.is_ready() {
            self.acknowledge_at_once();
        }
        read
    }
}

impl AsyncWrite for PromptTcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
