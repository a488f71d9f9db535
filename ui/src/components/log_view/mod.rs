//! The log viewer: only the rows that can be seen are in the page, whatever the log's length.

pub mod buffer;
mod row;
mod viewport;

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use self::buffer::LogBuffer;
use self::row::LogRow;
use self::viewport::{Viewport, use_viewport};
use super::button::{Button, Look};
use super::copy::CopyButton;
use super::icon::{Icon, Picture};
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

#[derive(PartialEq, Properties)]
pub struct LogViewProps {
    /// The `data-testid`.
    pub id: AttrValue,
    pub log: SharedLog,
    /// What to say as long as there is no line.
    pub empty: AttrValue,
    /// How the stream stands, beside the tools.
    #[prop_or_default]
    pub state: Html,
    #[prop_or_default]
    pub fine_times: bool,
}

#[function_component]
pub fn LogView(props: &LogViewProps) -> Html {
    let wanted = use_state(String::new);
    let follow = use_state_eq(|| true);
    let log = &props.log;
    log.buffer.borrow_mut().search(&wanted);
    let rows = log.buffer.borrow().shown();
    let viewport = use_viewport(rows, log.version, &follow);
    html! {
        <div class="log" data-testid={props.id.clone()}>
            <Tools log={log.clone()} wanted={wanted.clone()} follow={follow.clone()} state={props.state.clone()}/>
            { scroller(props, rows, &viewport) }
        </div>
    }
}

fn scroller(props: &LogViewProps, rows: usize, viewport: &Viewport) -> Html {
    let buffer = props.log.buffer.borrow();
    let fine = props.fine_times;
    let row = |row: usize| {
        let line = buffer.row(row)?.clone();
        // The place since the beginning: a row keeps its element while it is seen.
        let key = (buffer.let_go() as usize + row).to_string();
        Some(html! { <LogRow {key} {line} {fine}/> })
    };
    html! {
        <div class="log-lines" ref={viewport.node.clone()} tabindex="0" role="log" aria-live="off"
            onscroll={viewport.onscroll.clone()} onwheel={viewport.onwheel.clone()}>
            if rows == 0 {
                <p class="log-empty">{ if buffer.searching() { "No line holds this." } else { props.empty.as_str() } }</p>
            }
            <div ref={viewport.before.clone()}/>
            <div class="log-rows">{ for viewport.range.clone().filter_map(row) }</div>
            <div ref={viewport.after.clone()}/>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct ToolsProps {
    log: SharedLog,
    wanted: UseStateHandle<String>,
    follow: UseStateHandle<bool>,
    state: Html,
}

#[function_component]
fn Tools(props: &ToolsProps) -> Html {
    let oninput = {
        let wanted = props.wanted.setter();
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                wanted.set(input.value());
            }
        })
    };
    let toggle = {
        let follow = props.follow.clone();
        Callback::from(move |()| follow.set(!*follow))
    };
    let all = {
        let buffer = Rc::clone(&props.log.buffer);
        Callback::from(move |()| buffer.borrow().text())
    };
    let label = if *props.follow { "Following" } else { "Follow" };
    let look = if *props.follow {
        Look::Primary
    } else {
        Look::Secondary
    };
    html! {
        <div class="log-tools">
            <span class="control search pf-v6-c-form-control">
                <Picture icon={Icon::Search}/>
                <input type="search" data-testid="log-find" placeholder="Find in the log" aria-label="Find in the log"
                    value={(*props.wanted).clone()} spellcheck="false" {oninput}/>
            </span>
            <span class="grow"/>
            { props.state.clone() }
            <span class="faint number" data-testid="log-count">{ counted(&props.log.buffer.borrow()) }</span>
            <CopyButton id="log-copy" label="Copy all" text={all}/>
            <Button id="log-follow" {label} {look} icon={Icon::Follow} onclick={toggle}
                hint="Stays at the newest line. Scrolling up stops it."/>
        </div>
    }
}

fn counted(buffer: &LogBuffer) -> String {
    let mut said = text::count(buffer.len(), "line", "lines");
    if buffer.searching() {
        said = format!("{} of {said}", text::thousands(buffer.shown() as u64));
    }
    if buffer.let_go() > 0 {
        said.push_str(&format!(", {} older let go", text::thousands(buffer.let_go())));
    }
    said
}
