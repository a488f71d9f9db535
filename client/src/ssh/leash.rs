//! A byte stream that ends when nobody waits for what comes of it. The SSH library reads in a task of its own, and listens to nobody but
//! the server until the keys are exchanged: whoever gives up before would leave it there with a server that never gets that far.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Stream;

#[derive(Default)]
struct End {
    over: AtomicBool,
    waiting: AtomicWaker,
}

/// The stream on the leash.
pub(crate) struct Leashed {
    stream: Box<dyn Stream>,
    end: Arc<End>,
}

/// Who holds it: dropped, it ends the stream.
pub(crate) struct Leash(Option<Arc<End>>);

impl Leash {
    pub fn on(stream: Box<dyn Stream>) -> (Self, Leashed) {
        let end = Arc::<End>::default();
        let leashed = Leashed {
            stream,
            end: Arc::clone(&end),
        };
        (Self(Some(end)), leashed)
    }

    /// From here on the stream ends by itself.
    pub fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end.over.store(true, Ordering::SeqCst);
            end.waiting.wake();
        }
    }
}

impl Leashed {
    /// Whether it is over; else whoever asks is woken when it is.
    fn is_over(&self, context: &Context<'_>) -> bool {
        self.end.waiting.register(context.waker());
        self.end.over.load(Ordering::SeqCst)
    }
}

impl AsyncRead for Leashed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Leashed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_over(context) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// FR-CON-08: who waits on a stream is told its end when it is given up; one that is let go lives.
    #[tokio::test]
    async fn a_stream_ends_with_its_leash() {
        let (near, _far) = tokio::io::duplex(8);
        let (leash, mut leashed) = Leash::on(Box::new(near));
        let waits = tokio::spawn(async move {
            let read = leashed.read(&mut [0; 4]).await.unwrap();
            let written = leashed.write_all(b"more than fits in").await;
            (read, written.is_err())
        });
        tokio::task::yield_now().await;
        drop(leash);
        assert_eq!(waits.await.unwrap(), (0, true));

        let (near, mut far) = tokio::io::duplex(8);
        let (leash, mut leashed) = Leash::on(Box::new(near));
        leash.let_go();
        far.write_all(b"here").await.unwrap();
        let mut buffer = [0; 4];
        leashed.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"here");
    }
}
