//! The log viewer: a pane that holds only what can be seen, and for logs that are here as a whole the tools above it.

pub mod ansi;
pub mod buffer;
pub mod chosen;
pub mod context_frame;
mod details;
mod layout;
pub mod live;
pub mod pane;
mod place;
pub mod row;
mod viewport;
mod wants;
mod whole;

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

use self::buffer::LogBuffer;
use self::chosen::{Chosen, Part};
pub use self::whole::LogView;
use super::button::{Button, Look};
use super::copy::CopyButton;
use super::icon::Icon;
use crate::text;

/// A buffer that its stream fills and its view shows. The version tells them apart.
#[derive(Clone)]
pub struct SharedLog {
    pub buffer: Rc<RefCell<LogBuffer>>,
    pub version: u32,
}

impl PartialEq for SharedLog {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.buffer, &other.buffer) && self.version == other.version
    }
}

/// Copies all that is here, and what is chosen if it is more than one line.
pub fn copy_buttons(log: &SharedLog, chosen: Chosen) -> Html {
    let buffer = Rc::clone(&log.buffer);
    let all = Callback::from(move |()| buffer.borrow().text(0, u64::MAX));
    let part = Part::of(chosen, &log.buffer.borrow()).map(|part| {
        let buffer = Rc::clone(&log.buffer);
        let label = format!("Copy {}", text::count(part.lines, "line", "lines"));
        let make = Callback::from(move |()| part.text(&buffer.borrow()));
        html! { <CopyButton id="log-copy-part" {label} text={make} icon_only=false/> }
    });
    html! { <>{ part.unwrap_or_default() }<CopyButton id="log-copy" label="Copy all lines that are here" text={all}/></> }
}

#[derive(PartialEq, Properties)]
pub struct WrapProps {
    pub wrap: UseStateHandle<bool>,
}

#[function_component]
pub fn WrapButton(props: &WrapProps) -> Html {
    let onclick = {
        let wrap = props.wrap.clone();
        Callback::from(move |()| wrap.set(!*wrap))
    };
    html! { <Button id="log-wrap" label="Wrap long lines" icon={Icon::Wrap} icon_only=true look={Look::Plain} pressed={Some(*props.wrap)} {onclick}/> }
}

#[derive(PartialEq, Properties)]
pub struct FollowProps {
    pub follow: UseStateHandle<bool>,
    /// Before it follows again.
    #[prop_or_default]
    pub before: Callback<()>,
}

#[function_component]
pub fn FollowButton(props: &FollowProps) -> Html {
    let toggle = {
        let (follow, before) = (props.follow.clone(), props.before.clone());
        Callback::from(move |()| {
            if !*follow {
                before.emit(());
            }
            follow.set(!*follow);
        })
    };
    let label = if *props.follow { "Following" } else { "Follow" };
    html! {
        <Button id="log-follow" {label} icon={Icon::Follow} pressed={Some(*props.follow)} onclick={toggle}
            hint="Stays at the newest line. Scrolling up stops it."/>
    }
}

/// “1,204 lines, 300 older let go”.
pub fn counted(buffer: &LogBuffer) -> String {
    let mut said = text::count(buffer.len(), "line", "lines");
    if buffer.searching() {
        said = format!("{} of {said}", text::thousands(buffer.shown() as u64));
    }
    if buffer.let_go() > 0 {
        said.push_str(&format!(", {} older let go", text::thousands(buffer.let_go())));
    }
    if buffer.waiting() > 0 {
        said.push_str(&format!(", {} newer not here", text::thousands(buffer.waiting())));
    }
    said
}
