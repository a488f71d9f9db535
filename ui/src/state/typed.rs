//! What is typed into a form that is used for one thing after the other. It is kept while other pages are shown ([`drafts`]), gives way
//! to the next thing only if the person lets go of it, and what is typed while it is being stored stays.

use std::rc::Rc;

use yew::prelude::*;

use super::drafts::{self, Lasting};

#[derive(Clone, Debug, PartialEq)]
struct Typing<T> {
    /// As it is stored, or as it began: what is still so needs no keeping.
    first: T,
    now: T,
    /// What wants its place.
    waiting: Option<T>,
}

enum Act<T> {
    Change(Box<dyn FnOnce(&mut T)>),
    /// This is to be typed at next.
    Offer(T),
    /// What the form begins with is another one now.
    Follow(T),
    GiveWay,
    Stay,
    /// What was sent is stored; the form goes on with another thing.
    Stored {
        sent: T,
        next: T,
    },
}

impl<T: Clone + PartialEq> Typing<T> {
    fn begun(first: T) -> Self {
        Self {
            now: first.clone(),
            first,
            waiting: None,
        }
    }

    fn is_touched(&self) -> bool {
        self.now != self.first
    }
}

impl<T: Clone + PartialEq + 'static> Reducible for Typing<T> {
    type Action = Act<T>;

    fn reduce(self: Rc<Self>, act: Act<T>) -> Rc<Self> {
        let mut typing = Rc::unwrap_or_clone(self);
        match act {
            Act::Change(change) => change(&mut typing.now),
            Act::Offer(next) if typing.is_touched() => typing.waiting = Some(next),
            Act::Offer(next) => typing = Self::begun(next),
            Act::Follow(_) if typing.is_touched() => {}
            Act::Follow(first) => {
                typing.now = first.clone();
                typing.first = first;
            }
            Act::GiveWay => {
                if let Some(next) = typing.waiting.take() {
                    typing = Self::begun(next);
                }
            }
            Act::Stay => typing.waiting = None,
            Act::Stored { sent, next } if typing.now == sent => {
                typing = Self::begun(typing.waiting.unwrap_or(next));
            }
            Act::Stored { sent, .. } => typing.first = sent,
        }
        typing.into()
    }
}

#[derive(PartialEq)]
pub struct Typed<T: Clone + PartialEq + 'static> {
    state: UseReducerHandle<Typing<T>>,
    key: AttrValue,
}

impl<T: Clone + PartialEq + 'static> Clone for Typed<T> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            key: self.key.clone(),
        }
    }
}

impl<T: Clone + PartialEq + 'static> Typed<T> {
    pub fn get(&self) -> &T {
        &self.state.now
    }

    /// Something of it is stored nowhere.
    pub fn is_touched(&self) -> bool {
        self.state.is_touched()
    }

    /// Something wants its place, and the person has to say.
    pub fn is_asked_for(&self) -> bool {
        self.state.waiting.is_some()
    }

    /// The callback of a field, that puts what it tells into its part.
    pub fn changing<V: 'static>(&self, put: impl Fn(&mut T, V) + 'static) -> Callback<V> {
        let (dispatcher, put) = (self.state.dispatcher(), Rc::new(put));
        Callback::from(move |value| {
            let put = Rc::clone(&put);
            dispatcher.dispatch(Act::Change(Box::new(move |now| put(now, value))));
        })
    }

    /// Has something else typed at: at once, or as soon as the person lets go of what is typed.
    pub fn offer(&self) -> Callback<T> {
        let dispatcher = self.state.dispatcher();
        Callback::from(move |next| dispatcher.dispatch(Act::Offer(next)))
    }

    /// What the form begins with has changed; what was typed already stays.
    pub fn follow(&self, first: T) {
        self.state.dispatch(Act::Follow(first));
    }

    pub fn give_way(&self) -> Callback<()> {
        let dispatcher = self.state.dispatcher();
        Callback::from(move |()| dispatcher.dispatch(Act::GiveWay))
    }

    pub fn stay(&self) -> Callback<()> {
        let dispatcher = self.state.dispatcher();
        Callback::from(move |()| dispatcher.dispatch(Act::Stay))
    }

    /// What was sent is stored. Whoever has left the page finds it done; what was typed meanwhile stays.
    pub fn stored(&self, sent: T, next: T) {
        let left = drafts::kept::<(T, T)>(&self.key);
        if left.is_some_and(|(_, typed)| typed == sent) {
            drafts::keep::<(T, T)>(&self.key, None);
        }
        self.state.dispatch(Act::Stored { sent, next });
    }
}

/// Where a form's text is found again, as it began and as it is.
type Find<T> = fn(&str) -> Option<(T, T)>;
/// Where it is kept.
type Keep<T> = fn(&str, Option<(T, T)>);

/// What is typed into the form of this name ([`drafts::key`]): as it was left since the app was started, else as it begins.
#[hook]
pub fn use_typed<T: Clone + PartialEq + 'static>(key: String, first: impl FnOnce() -> T) -> Typed<T> {
    use_kept(key, first, drafts::kept, drafts::keep)
}

/// The same for a form of which something outlives the app ([`Lasting`]).
#[hook]
pub fn use_lasting<T: Lasting + PartialEq>(key: String, first: impl FnOnce() -> T) -> Typed<T> {
    use_kept(key, first, drafts::kept_lasting, drafts::keep_lasting)
}

#[hook]
fn use_kept<T: Clone + PartialEq + 'static>(
    key: String,
    first: impl FnOnce() -> T,
    find: Find<T>,
    keep: Keep<T>,
) -> Typed<T> {
    let state = use_reducer(|| match find(&key) {
        Some((first, now)) => Typing {
            first,
            now,
            waiting: None,
        },
        None => Typing::begun(first()),
    });
    let key = AttrValue::from(key);
    {
        let key = key.clone();
        use_effect_with((*state).clone(), move |typing| {
            let left = typing
                .is_touched()
                .then(|| (typing.first.clone(), typing.now.clone()));
            keep(&key, left);
        });
    }
    Typed { state, key }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(typing: Typing<&'static str>, acts: Vec<Act<&'static str>>) -> Typing<&'static str> {
        let all = acts.into_iter();
        Rc::unwrap_or_clone(all.fold(Rc::new(typing), |typing, act| typing.reduce(act)))
    }

    fn typed(text: &'static str) -> Act<&'static str> {
        Act::Change(Box::new(move |now| *now = text))
    }

    /// FR-CON-08: what is typed gives way to the next thing only if the person lets go of it; what was not touched gives way at once.
    #[test]
    fn typed_text_gives_way_only_when_let_go() {
        let offered = after(Typing::begun("a"), vec![Act::Offer("b")]);
        assert_eq!(offered, Typing::begun("b"));
        let asked = after(offered, vec![typed("b and more"), Act::Offer("c")]);
        assert_eq!((asked.now, asked.waiting), ("b and more", Some("c")));
        let stayed = after(asked.clone(), vec![Act::Stay]);
        assert_eq!((stayed.now, stayed.waiting), ("b and more", None));
        assert_eq!(after(asked, vec![Act::GiveWay]), Typing::begun("c"));
    }

    /// FR-CON-08: what is typed between the press and the answer stays, and so does what is typed when the stored text changes elsewhere.
    #[test]
    fn what_is_typed_while_it_is_stored_stays() {
        let stored = || Act::Stored { sent: "b", next: "" };
        let plain = after(Typing::begun("a"), vec![typed("b"), stored()]);
        assert_eq!(plain, Typing::begun(""));
        let more = after(Typing::begun("a"), vec![typed("b"), typed("bc"), stored()]);
        assert_eq!((more.first, more.now), ("b", "bc"));
        assert!(more.is_touched());
        assert_eq!(after(more, vec![Act::Follow("elsewhere")]).now, "bc");
        let followed = after(Typing::begun("a"), vec![Act::Follow("elsewhere")]);
        assert_eq!(followed, Typing::begun("elsewhere"));
    }
}
