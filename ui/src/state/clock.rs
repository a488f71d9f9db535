//! The window's one clock: it wakes labels that show an age when their text is another one, with a single timer for all of them. While
//! the window is hidden it stands still.

use std::cell::RefCell;

use chrono::{DateTime, TimeDelta, Utc};
use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::watched;

/// What does not change soon changes together with the rest, at the next multiple of this: one look for many labels.
const TOGETHER_MS: i64 = 10_000;

#[derive(Default)]
struct Clock {
    last: u32,
    labels: Vec<Label>,
    timer: Option<Timeout>,
}

struct Label {
    number: u32,
    due: DateTime<Utc>,
    wake: Callback<()>,
}

thread_local! {
    static CLOCK: RefCell<Clock> = RefCell::default();
}

/// A label that waits; dropped, it no longer does.
struct Waiting(u32);

impl Drop for Waiting {
    fn drop(&mut self) {
        CLOCK.with_borrow_mut(|clock| clock.labels.retain(|label| label.number != self.0));
    }
}

fn wait(now: DateTime<Utc>, lasts: TimeDelta, wake: Callback<()>) -> Waiting {
    CLOCK.with_borrow_mut(|clock| {
        clock.last = clock.last.wrapping_add(1);
        let due = due(now, lasts);
        let first = clock.labels.iter().all(|label| due < label.due);
        clock.labels.push(Label {
            number: clock.last,
            due,
            wake,
        });
        if first {
            clock.wind(now);
        }
        Waiting(clock.last)
    })
}

/// When a text that lasts so long is looked at again.
fn due(now: DateTime<Utc>, lasts: TimeDelta) -> DateTime<Utc> {
    let exact = now + lasts;
    if lasts.num_milliseconds() < TOGETHER_MS {
        return exact;
    }
    let over = exact.timestamp_millis().rem_euclid(TOGETHER_MS);
    exact + TimeDelta::milliseconds((TOGETHER_MS - over) % TOGETHER_MS)
}

impl Clock {
    /// Sets the timer to the first that is due.
    fn wind(&mut self, now: DateTime<Utc>) {
        let first = self.labels.iter().map(|label| label.due).min();
        self.timer = first.map(|due| {
            let wait = (due - now).num_milliseconds().max(0) + 1;
            Timeout::new(
                u32::try_from(wait).unwrap_or(u32::MAX).min(i32::MAX as u32),
                strike,
            )
        });
    }
}

/// Wakes those that are due.
fn strike() {
    if watched::is_hidden() {
        wasm_bindgen_futures::spawn_local(async {
            watched::seen().await;
            strike();
        });
        return;
    }
    let now = Utc::now();
    let due: Vec<Label> =
        CLOCK.with_borrow_mut(|clock| clock.labels.extract_if(.., |label| label.due <= now).collect());
    for label in due {
        label.wake.emit(());
    }
    CLOCK.with_borrow_mut(|clock| clock.wind(Utc::now()));
}

/// Renders the component again when what it shows, as long as that will last from now, is over.
#[hook]
pub fn use_clock(now: DateTime<Utc>, lasts: Option<TimeDelta>) {
    let round = use_state(|| 0_u32);
    let until = lasts.map(|lasts| now + lasts);
    use_effect_with((*round, until), move |(number, _)| {
        let (number, setter) = (*number, round.setter());
        let wake = Callback::from(move |()| setter.set(number.wrapping_add(1)));
        let waiting = lasts.map(|lasts| wait(now, lasts, wake));
        move || drop(waiting)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-P10: what changes within seconds is looked at then; what changes later, together with the rest and never too early.
    #[test]
    fn labels_change_together() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::milliseconds(1_234);
        let after = |milliseconds| (due(now, TimeDelta::milliseconds(milliseconds)) - now).num_milliseconds();
        assert_eq!(after(800), 800);
        assert_eq!(after(20_000), 28_766);
        assert_eq!(after(21_000), 28_766);
        assert_eq!(after(28_766), 28_766);
        assert_eq!(after(28_767), 38_766);
    }
}
