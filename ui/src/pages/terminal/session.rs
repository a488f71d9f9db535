//! One terminal of the page: its screen, joined to the session that the agent keeps.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use slipway_protocol::api::ResizeTerminal;
use slipway_protocol::desktop::{Failure, FollowTerminal, TerminalDrawn, TypeIntoTerminal, command};
use slipway_protocol::terminal::{TerminalEnd, TerminalEvent, TerminalPlace, TerminalSize, TerminalView};
use slipway_protocol::{ClusterId, Secret, TerminalId};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::find::find_bar;
use super::paste::{PasteQuestion, is_plain};
use crate::browser::{self, has_dialog};
use crate::components::button::{Button, Look};
use crate::components::confirm::Confirm;
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::components::pill::{Pill, Tone};
use crate::components::screen::{Callbacks, Found, Screen};
use crate::keys::{find_in_terminal_name, finds_in_terminal};
use crate::shell;
use crate::state::follow::{Followed, Following, use_follow};
use crate::text;

#[derive(PartialEq, Properties)]
pub struct SessionProps {
    pub cluster: ClusterId,
    pub terminal: TerminalView,
    /// What its tab is called.
    pub number: usize,
    /// It was opened from here: nothing in it is of long ago.
    pub fresh: bool,
    /// It is the one that is looked at.
    pub shown: bool,
    pub ended: Callback<(TerminalId, TerminalEnd)>,
    pub close: Callback<TerminalId>,
}

#[function_component]
pub fn Session(props: &SessionProps) -> Html {
    let host = use_node_ref();
    let screen = use_mut_ref(|| None::<Screen>);
    let keys = use_memo((props.cluster, props.terminal.id), |(cluster, terminal)| {
        Keys::of(*cluster, *terminal)
    });
    let seen = use_mut_ref(|| 0_u64);
    let missing = use_state_eq(|| 0_u64);
    let asked = use_state_eq(|| None::<String>);
    let losses = use_state_eq(|| 0_u32);
    let (cluster, terminal) = (props.cluster, props.terminal.id);
    let ready = use_state_eq(|| false);
    // How often the search was asked for, while it is open; and what it has found.
    let finding = use_state_eq(|| None::<u32>);
    let found = use_state_eq(|| None::<Found>);
    {
        let (host, screen, ready) = (host.clone(), Rc::clone(&screen), ready.setter());
        let (asked, found) = (asked.setter(), found.setter());
        let keys = Rc::clone(&keys);
        use_effect_with(terminal, move |terminal| {
            let alive = Rc::new(Cell::new(true));
            if let Some(host) = host.cast::<HtmlElement>() {
                let (terminal, screen, alive) = (*terminal, Rc::clone(&screen), Rc::clone(&alive));
                spawn_local(async move {
                    let made = made(&host, cluster, terminal, keys, asked, found).await;
                    // Made for a page that has gone meanwhile, it goes at once.
                    if alive.get() {
                        *screen.borrow_mut() = made;
                        ready.set(true);
                    }
                });
            }
            move || {
                alive.set(false);
                drop(screen.borrow_mut().take());
            }
        });
    }
    {
        let (screen, finding) = (Rc::clone(&screen), finding.setter());
        use_effect_with((props.shown, *ready), move |(shown, _)| {
            if let (true, Some(screen)) = (*shown, &*screen.borrow()) {
                screen.focus();
            }
            if !shown {
                finding.set(None);
            }
        });
    }
    let following = {
        // What was written before this page looked may hold questions that were answered long ago.
        let old = if props.fresh { 0 } else { props.terminal.written };
        let (screen, position, missing) = (Rc::clone(&screen), Rc::clone(&seen), missing.setter());
        let ended = props.ended.clone();
        let keys = Rc::clone(&keys);
        let take = Rc::new(move |events: Vec<TerminalEvent>| {
            // It is followed: what was not taken before may be taken now.
            keys.go_on();
            for event in events {
                match event {
                    TerminalEvent::Output { from, bytes, .. } => {
                        let before = *position.borrow();
                        if from > before {
                            missing.set(from - before);
                        }
                        let upto = from + bytes.expose().len() as u64;
                        *position.borrow_mut() = upto;
                        if let Some(screen) = &*screen.borrow() {
                            screen.write(bytes.expose(), from < old, upto);
                        }
                    }
                    TerminalEvent::Ended { end } => ended.emit((terminal, end)),
                    TerminalEvent::Started { .. } | TerminalEvent::Ping => {}
                }
            }
        });
        let seen = Rc::clone(&seen);
        use_follow(Followed {
            cluster,
            command: command::FOLLOW_TERMINAL,
            key: terminal.to_string(),
            ready: *ready && props.terminal.end.is_none(),
            request: Rc::new(move || FollowTerminal {
                cluster,
                terminal,
                seen: *seen.borrow(),
            }),
            take,
        })
    };
    {
        let losses = losses.clone();
        use_effect_with(following.linked, move |linked| {
            if !linked {
                losses.set(*losses + 1);
            }
        });
    }
    let paste = {
        let (screen, asked) = (Rc::clone(&screen), asked.clone());
        Callback::from(move |()| {
            if let (Some(screen), Some(text)) = (&*screen.borrow(), &*asked) {
                screen.paste(text);
            }
            asked.set(None);
        })
    };
    let marked = {
        let screen = Rc::clone(&screen);
        Callback::from(move |()| {
            let screen = screen.borrow();
            screen.as_ref().map(Screen::selection).unwrap_or_default()
        })
    };
    let (tone, word) = match (&props.terminal.end, following.is_interrupted(), *losses) {
        (Some(_), _, _) => (Tone::Neutral, "ended"),
        (None, true, _) => (Tone::Warning, "interrupted"),
        _ if !*ready => (Tone::Progress, "loading"),
        (None, false, 0) => (Tone::Good, "live"),
        (None, false, _) => (Tone::Good, "live, reconnected"),
    };
    let close = props.close.reform(move |()| terminal);
    let closing = use_state_eq(|| false);
    let set_closing = |to: bool| {
        let closing = closing.setter();
        Callback::from(move |()| closing.set(to))
    };
    // What has ended goes at once.
    let lives = props.terminal.end.is_none();
    let onclick = if lives { set_closing(true) } else { close.clone() };
    let place = match &props.terminal.place {
        TerminalPlace::Task { task, .. } => task.as_ref().map(|task| format!("task {}", task.short())),
        TerminalPlace::Node { node } => Some(format!("node {node}")),
    };
    let ask_to_find = {
        let finding = finding.clone();
        Callback::from(move |()| finding.set(Some(finding.map_or(0, |asked| asked.wrapping_add(1)))))
    };
    let onkeydown = {
        let (host, screen, ask_to_find) = (host.clone(), Rc::clone(&screen), ask_to_find.clone());
        Callback::from(move |event: KeyboardEvent| {
            if finds_in_terminal(&event) && !has_dialog() {
                event.prevent_default();
                ask_to_find.emit(());
                return;
            }
            // With Shift it is meant for what runs.
            let alone = !(event.shift_key() || event.ctrl_key() || event.alt_key() || event.meta_key());
            if event.key() == "F6" && alone && !has_dialog() && go_over(&host, &screen) {
                event.prevent_default();
            }
        })
    };
    html! {
        <section class="terminal-session" hidden={!props.shown} aria-label="Terminal" {onkeydown}>
            <div class="log-strip">
                <Pill id={props.shown.then_some("terminal-state")} {tone} text={word}/>
                if let Some(place) = place { <span class="faint">{ place }</span> }
                if lives { <span class="faint">{ "F6 leaves the terminal" }</span> }
                <span class="grow"/>
                <Button id={props.shown.then_some("terminal-find")} label="Find in the terminal" icon={Icon::Search} icon_only=true look={Look::Plain}
                    hint={format!("Find in the terminal ({})", find_in_terminal_name())} disabled={!*ready} onclick={ask_to_find}/>
                <CopyButton label="Copy what is marked" icon_only=false text={marked}/>
                <Button id={props.shown.then_some("terminal-close")} label="Close" icon={Icon::Cross} look={Look::Secondary}
                    hint="Ends the terminal, and what runs in it" {onclick}/>
            </div>
            { said(props, &following, *missing) }
            if let Some(asked) = (*finding).filter(|_| props.shown) { { find_bar(&screen, &finding, &found, asked) } }
            <div class="terminal-screen" ref={host} data-testid={props.shown.then_some("terminal-screen")}/>
            if *closing && props.shown {
                <Confirm id="terminal-close" title={format!("Close terminal {}?", props.number)} verb="Close it" offline=true
                    confirm={close} close={set_closing(false)}>
                    <p>{ "Its shell is still alive: it ends, with everything that was started from it." }</p>
                </Confirm>
            }
            if let Some(text) = &*asked {
                <PasteQuestion text={text.clone()} {paste} close={Callback::from({ let asked = asked.clone(); move |()| asked.set(None) })}/>
            }
        </section>
    }
}

/// From the screen, where all other keys belong to what runs, to the button beside it; and back. Says whether it went.
fn go_over(host: &NodeRef, screen: &Rc<RefCell<Option<Screen>>>) -> bool {
    let (Some(host), Some(focused)) = (host.cast::<HtmlElement>(), browser::focused()) else {
        return false;
    };
    if !host.contains(Some(&focused)) {
        if let Some(screen) = &*screen.borrow() {
            screen.focus();
        }
        return true;
    }
    let button = host
        .parent_element()
        .and_then(|session| session.query_selector("[data-testid=\"terminal-close\"]").ok()?)
        .and_then(|button| button.dyn_into::<HtmlElement>().ok());
    button.is_some_and(|button| button.focus().is_ok())
}

/// What is to be known about it, above its screen.
fn said(props: &SessionProps, following: &Following, missing: u64) -> Html {
    if let Some(end) = &props.terminal.end {
        return html! { <p class="log-said" role="status" data-testid={props.shown.then_some("terminal-end")}>{ end.to_string() }</p> };
    }
    if following.is_interrupted() {
        let failure = following.failure.as_ref();
        let why = failure.map_or("There is no connection to the cluster.", |failure| {
            failure.sentence.as_str()
        });
        // Where it is not followed again, nothing that is typed arrives.
        let more = if following.stopped().is_some() {
            "What you type does not arrive."
        } else {
            "What runs here goes on; what it writes meanwhile, and what you type, arrives as soon as the connection stands."
        };
        return html! { <p class="log-said" role="status">{ format!("{why} {more}") }</p> };
    }
    if missing > 0 {
        let bytes = text::bytes(missing);
        return html! { <p class="log-said" role="status">{ format!("{bytes} before this are no longer kept.") }</p> };
    }
    html! {}
}

/// A screen whose keys go to the terminal, in their order.
async fn made(
    host: &HtmlElement,
    cluster: ClusterId,
    terminal: TerminalId,
    keys: Rc<Keys>,
    asked: UseStateSetter<Option<String>>,
    found: UseStateSetter<Option<Found>>,
) -> Option<Screen> {
    let pasted = Rc::clone(&keys);
    let size = move |columns, rows| {
        let Some(body) = size_of(columns, rows) else {
            return;
        };
        spawn_local(async move {
            // A terminal that has ended has no size.
            let _ = shell::api(cluster, ResizeTerminal { terminal, body }).await;
        });
    };
    let drawn = move |upto| {
        spawn_local(async move {
            let told = TerminalDrawn {
                cluster,
                terminal,
                upto,
            };
            let _: Result<(), Failure> = shell::call(command::TERMINAL_DRAWN, &told).await;
        });
    };
    let paste = move |text: String| {
        if is_plain(&text) {
            pasted.press(text.into_bytes());
        } else {
            asked.set(Some(text));
        }
    };
    let callbacks = Callbacks {
        input: Box::new(move |bytes| keys.press(bytes)),
        size: Box::new(size),
        paste: Box::new(paste),
        drawn: Box::new(drawn),
        found: Box::new(move |now| found.set(Some(now))),
    };
    Screen::new(host, "Terminal; F6 leaves it", callbacks).await
}

/// A size that a terminal can have.
pub fn size_of(columns: u16, rows: u16) -> Option<TerminalSize> {
    (columns > 0 && rows > 0).then(|| TerminalSize {
        columns: columns.min(1000),
        rows: rows.min(1000),
    })
}

/// What is typed while nothing is taken, in bytes; more is left out.
const HELD: usize = 64 * 1024;

/// What was typed and is on its way: one message after the other, each with all that came meanwhile.
#[derive(Default)]
struct Typed {
    waiting: Vec<u8>,
    busy: bool,
    /// The last message was not taken.
    held: bool,
}

impl Typed {
    fn press(&mut self, bytes: Vec<u8>) {
        if !self.held || self.waiting.len() + bytes.len() <= HELD {
            self.waiting.extend(bytes);
        }
    }

    /// The next message, unless one is under way or nothing waits.
    fn next(&mut self) -> Option<Vec<u8>> {
        if self.busy || self.waiting.is_empty() {
            return None;
        }
        self.busy = true;
        Some(std::mem::take(&mut self.waiting))
    }

    fn taken(&mut self) {
        (self.busy, self.held) = (false, false);
    }

    /// It waits again, before what was typed meanwhile.
    fn not_taken(&mut self, mut bytes: Vec<u8>) {
        bytes.append(&mut self.waiting);
        self.waiting = bytes;
        (self.busy, self.held) = (false, true);
    }
}

/// The keys of a terminal.
struct Keys {
    cluster: ClusterId,
    terminal: TerminalId,
    typed: RefCell<Typed>,
}

impl Keys {
    fn of(cluster: ClusterId, terminal: TerminalId) -> Self {
        Self {
            cluster,
            terminal,
            typed: RefCell::default(),
        }
    }

    fn press(self: &Rc<Self>, bytes: Vec<u8>) {
        self.typed.borrow_mut().press(bytes);
        self.go_on();
    }

    /// Sends what waits. What is not taken is sent again with the next key, or when the terminal is followed again.
    fn go_on(self: &Rc<Self>) {
        let Some(mut bytes) = self.typed.borrow_mut().next() else {
            return;
        };
        let keys = Rc::clone(self);
        spawn_local(async move {
            loop {
                let message = TypeIntoTerminal {
                    cluster: keys.cluster,
                    terminal: keys.terminal,
                    bytes: Secret::new(bytes),
                };
                let sent: Result<(), Failure> = shell::call(command::TYPE_INTO_TERMINAL, &message).await;
                let mut typed = keys.typed.borrow_mut();
                if sent.is_err() {
                    typed.not_taken(message.bytes.into_exposed());
                    return;
                }
                typed.taken();
                match typed.next() {
                    Some(more) => bytes = more,
                    None => return,
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: what the shell does not take goes before what was typed after it; while nothing is taken it does not grow for ever.
    #[test]
    fn keys_keep_their_order() {
        let mut typed = Typed::default();
        typed.press(b"ab".to_vec());
        let first = typed.next().unwrap();
        typed.press(b"c".to_vec());
        assert_eq!(typed.next(), None, "one message after the other");
        typed.not_taken(first);
        typed.press(b"d".to_vec());
        assert_eq!(typed.next().unwrap(), b"abcd");
        typed.taken();
        assert_eq!(typed.next(), None);
        typed.press(vec![0; 2 * HELD]);
        let pasted = typed.next().unwrap();
        typed.not_taken(pasted);
        typed.press(b"e".to_vec());
        assert_eq!(typed.next().unwrap().len(), 2 * HELD);
    }
}
