//! Several questions side by side, and never more than a few at a time.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// So many wait for their answers at once.
const AT_ONCE: usize = 4;

pub struct Few<F> {
    waiting: VecDeque<F>,
    asked: Vec<Pin<Box<F>>>,
}

impl<F: Future> Few<F> {
    pub fn of(all: impl IntoIterator<Item = F>) -> Self {
        Self {
            waiting: all.into_iter().collect(),
            asked: Vec::new(),
        }
    }

    /// Those that were not asked yet never are.
    pub fn begin_no_more(&mut self) {
        self.waiting.clear();
    }

    /// The next answer, whosever it is; none when all have answered.
    pub async fn answer(&mut self) -> Option<F::Output> {
        while self.asked.len() < AT_ONCE
            && let Some(next) = self.waiting.pop_front()
        {
            self.asked.push(Box::pin(next));
        }
        if self.asked.is_empty() {
            return None;
        }
        poll_fn(|context| {
            let mut all = self.asked.iter_mut().enumerate();
            let ready = all.find_map(|(at, one)| match one.as_mut().poll(context) {
                Poll::Ready(answer) => Some((at, answer)),
                Poll::Pending => None,
            });
            let Some((at, answer)) = ready else {
                return Poll::Pending;
            };
            drop(self.asked.swap_remove(at));
            Poll::Ready(Some(answer))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// FR-DSK-04: a few are asked at once, and who answers first does not wait for those before.
    #[test]
    fn a_few_are_asked_at_once() {
        let (begun, open) = (Cell::new(0), Cell::new(1));
        let question = |number: usize| {
            let (begun, open) = (&begun, &open);
            async move {
                begun.set(begun.get() + 1);
                poll_fn(|_| {
                    if number < open.get() {
                        Poll::Ready(number)
                    } else {
                        Poll::Pending
                    }
                })
                .await
            }
        };
        let mut few = Few::of((0..6).rev().map(question));
        assert_eq!((now(few.answer()), begun.get()), (Poll::Pending, AT_ONCE));
        open.set(6);
        let mut came: Vec<usize> = Vec::new();
        while let Poll::Ready(Some(number)) = now(few.answer()) {
            came.push(number);
        }
        came.sort_unstable();
        assert_eq!((came, begun.get()), (vec![0, 1, 2, 3, 4, 5], 6));
    }

    /// FR-DSK-04: where it is of no use to go on, only those that were asked are waited for.
    #[test]
    fn no_more_are_begun() {
        let mut few = Few::of((0..9).map(std::future::ready));
        assert!(now(few.answer()).is_ready());
        few.begin_no_more();
        let mut rest = 0;
        while let Poll::Ready(Some(_)) = now(few.answer()) {
            rest += 1;
        }
        assert_eq!(rest, AT_ONCE - 1);
    }
}
