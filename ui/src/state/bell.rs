//! A bell that wakes all who wait for its next ring. Who no longer waits leaves nothing behind.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[derive(Default)]
pub struct Bell {
    rings: Cell<u32>,
    last: Cell<u32>,
    waiting: RefCell<Vec<(u32, Waker)>>,
}

impl Bell {
    /// How often it has rung.
    pub fn rings(&self) -> u32 {
        self.rings.get()
    }

    pub fn ring(&self) {
        self.rings.set(self.rings().wrapping_add(1));
        for (_, waker) in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits until it has rung another number of times than this.
    pub fn after(self: &Rc<Self>, rings: u32) -> After {
        self.last.set(self.last.get().wrapping_add(1));
        After {
            bell: Rc::clone(self),
            number: self.last.get(),
            rings,
        }
    }
}

pub struct After {
    bell: Rc<Bell>,
    number: u32,
    rings: u32,
}

impl Future for After {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.bell.rings() != self.rings {
            return Poll::Ready(());
        }
        let mut waiting = self.bell.waiting.borrow_mut();
        waiting.retain(|(number, _)| *number != self.number);
        waiting.push((self.number, context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for After {
    fn drop(&mut self) {
        let mut waiting = self.bell.waiting.borrow_mut();
        waiting.retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-P10: a ring wakes who waits and is not missed by who comes a moment later; who stops waiting is forgotten.
    #[test]
    fn a_ring_wakes_everybody_once() {
        let bell = Rc::new(Bell::default());
        let mut context = Context::from_waker(Waker::noop());
        let mut poll = |after: &mut After| Pin::new(after).poll(&mut context).is_ready();
        let (mut one, mut two) = (bell.after(0), bell.after(0));
        assert!(!poll(&mut one) && !poll(&mut one) && !poll(&mut two));
        assert_eq!(bell.waiting.borrow().len(), 2);
        drop(two);
        assert_eq!(bell.waiting.borrow().len(), 1);
        bell.ring();
        assert!(bell.waiting.borrow().is_empty());
        assert!(poll(&mut one) && poll(&mut bell.after(0)));
        assert!(!poll(&mut bell.after(bell.rings())));
    }
}
