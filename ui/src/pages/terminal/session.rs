//! One terminal of the page: its screen, joined to the session that the agent keeps.

use std::cell::RefCell;
use std::rc::Rc;

use slipway_protocol::desktop::{FollowTerminal, command};
use slipway_protocol::terminal::{TerminalEnd, TerminalEvent, TerminalPlace, TerminalView};
use slipway_protocol::{ClusterId, TerminalId};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::find::find_bar;
use super::keys::Keys;
use super::paste::PasteQuestion;
use super::screen::{Tells, use_screen};
use crate::browser::{self, has_dialog};
use crate::components::button::{Button, Look};
use crate::components::confirm::Confirm;
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::components::pill::{Pill, Tone};
use crate::components::screen::{Found, Screen};
use crate::keys::{find_in_terminal_name, finds_in_terminal};
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
    let keys = use_memo((props.cluster, props.terminal.id), |(cluster, terminal)| {
        Keys::of(*cluster, *terminal)
    });
    let asked = use_state_eq(|| None::<String>);
    let ready = use_state_eq(|| false);
    // How often the search was asked for, while it is open; and what it has found.
    let finding = use_state_eq(|| None::<u32>);
    let found = use_state_eq(|| None::<Found>);
    let tells = Tells {
        ready: ready.setter(),
        asked: asked.setter(),
        found: found.setter(),
    };
    let screen = use_screen(&host, &keys, tells);
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
    let output = use_output(props, &keys, &screen, *ready);
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
    let (tone, word) = standing(props, &output, *ready);
    let terminal = props.terminal.id;
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
    let onkeydown = keys_of_page(&host, &screen, &ask_to_find);
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
            { said(props, &output) }
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

/// What a terminal writes, as it stands.
struct Output {
    following: Following,
    /// Bytes before what is here that are no longer kept.
    missing: u64,
    /// How often the link was lost.
    losses: u32,
}

/// Writes to the screen what the terminal writes, from where it was last.
#[hook]
fn use_output(
    props: &SessionProps,
    keys: &Rc<Keys>,
    screen: &Rc<RefCell<Option<Screen>>>,
    ready: bool,
) -> Output {
    let (cluster, terminal) = (props.cluster, props.terminal.id);
    let seen = use_mut_ref(|| 0_u64);
    let missing = use_state_eq(|| 0_u64);
    let losses = use_state_eq(|| 0_u32);
    let following = {
        // What was written before this page looked may hold questions that were answered long ago.
        let old = if props.fresh { 0 } else { props.terminal.written };
        let (screen, position, missing) = (Rc::clone(screen), Rc::clone(&seen), missing.setter());
        let ended = props.ended.clone();
        let keys = Rc::clone(keys);
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
            ready: ready && props.terminal.end.is_none(),
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
    Output {
        following,
        missing: *missing,
        losses: *losses,
    }
}

/// How it stands, in a word.
fn standing(props: &SessionProps, output: &Output, ready: bool) -> (Tone, &'static str) {
    match (
        &props.terminal.end,
        output.following.is_interrupted(),
        output.losses,
    ) {
        (Some(_), _, _) => (Tone::Neutral, "ended"),
        (None, true, _) => (Tone::Warning, "interrupted"),
        _ if !ready => (Tone::Progress, "loading"),
        (None, false, 0) => (Tone::Good, "live"),
        (None, false, _) => (Tone::Good, "live, reconnected"),
    }
}

/// The keys that are the page's own: for the search, and for the way out of the terminal.
fn keys_of_page(
    host: &NodeRef,
    screen: &Rc<RefCell<Option<Screen>>>,
    ask_to_find: &Callback<()>,
) -> Callback<KeyboardEvent> {
    let (host, screen, ask_to_find) = (host.clone(), Rc::clone(screen), ask_to_find.clone());
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
fn said(props: &SessionProps, output: &Output) -> Html {
    let Output {
        following, missing, ..
    } = output;
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
    if *missing > 0 {
        let bytes = text::bytes(*missing);
        return html! { <p class="log-said" role="status">{ format!("{bytes} before this are no longer kept.") }</p> };
    }
    html! {}
}
