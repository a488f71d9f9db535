//! The lines of a log: only those that can be seen are in the page. A click chooses a line, Shift and a click a part.

use std::rc::Rc;

use web_sys::Element;
use yew::prelude::*;

use super::SharedLog;
use super::buffer::Line;
use super::chosen::{self, Chosen};
use super::details::LineDetails;
use super::layout::Layout;
use super::place::PROBE;
use super::row::{LogRow, Looks};
use super::viewport::{Around, Viewport, use_viewport};
use super::wants::Wants;
use crate::components::button::{Button, Look};
use crate::components::icon::Icon;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct LogPaneProps {
    pub log: SharedLog,
    pub follow: UseStateHandle<bool>,
    pub chosen: UseStateHandle<Chosen>,
    #[prop_or_default]
    pub wrap: bool,
    /// Without the columns, which are measured here.
    pub looks: Looks,
    /// Above the first line.
    #[prop_or_default]
    pub top: Html,
    /// Older lines are wanted.
    #[prop_or_default]
    pub ontop: Callback<()>,
    /// Below the last line.
    #[prop_or_default]
    pub bottom: Html,
    /// Newer lines are wanted, where they come one page after the other.
    #[prop_or_default]
    pub onend: Option<Callback<()>>,
    /// Loads the newest lines in place of what is here, where they are not here.
    #[prop_or_default]
    pub catch_up: Option<Callback<()>>,
    /// The line that it is about.
    #[prop_or_default]
    pub marked: Option<u64>,
    /// It begins with this line in its middle, and with the keys, unless it follows.
    #[prop_or_default]
    pub begin_at: Option<u64>,
    /// Shows a line among those around it, where not all lines are here.
    #[prop_or_default]
    pub oncontext: Option<Callback<u64>>,
    /// In place of lines.
    pub empty: Html,
}

#[function_component]
pub fn LogPane(props: &LogPaneProps) -> Html {
    let log = &props.log;
    let columns = use_state_eq(|| 100_u32);
    let wrapped = props.wrap.then_some(*columns);
    let layout = {
        let shown = log.buffer.borrow().shown();
        use_memo(
            (log.clone(), shown, wrapped, props.looks.wanted.clone()),
            |(log, _, columns, _)| Layout::of(&log.buffer.borrow(), *columns),
        )
    };
    use_hold(props);
    let viewport = use_viewport(Around {
        log,
        layout: &layout,
        follow: &props.follow,
        columns: &columns,
        begin_at: props.begin_at,
        wants: Wants {
            older: props.ontop.clone(),
            newer: props.onend.clone(),
        },
    });
    let oncontext = in_context(props);
    let details = chosen::single(*props.chosen).and_then(|id| log.buffer.borrow().by_id(id).cloned());
    let close = {
        let chosen = props.chosen.setter();
        Callback::from(move |()| chosen.set(None))
    };
    let onkeydown = on_key(props, oncontext.clone(), viewport.node.clone());
    let zeros = "0".repeat(PROBE);
    let looks = Looks {
        columns: wrapped,
        ..props.looks.clone()
    };
    html! {
        <>
            <div class="log-body">
                <div class="log-lines" ref={viewport.node.clone()} tabindex="0" role="log" aria-live="off" aria-label="Lines"
                    onscroll={viewport.onscroll.clone()} onwheel={viewport.onwheel.clone()} onmousedown={viewport.onmousedown.clone()} {onkeydown}>
                    <span class="log-probe" aria-hidden="true" ref={viewport.probe.clone()}>{ zeros }</span>
                    if layout.lines() == 0 { { props.empty.clone() } } else { { props.top.clone() } }
                    <div ref={viewport.before.clone()}/>
                    <div class="log-rows">{ for rows(props, &viewport, &looks, oncontext.as_ref()) }</div>
                    <div ref={viewport.after.clone()}/>
                    if layout.lines() > 0 { { props.bottom.clone() } }
                </div>
                <News ..props.clone()/>
            </div>
            if let Some(line) = details { <LineDetails {line} {close} {oncontext}/> }
        </>
    }
}

impl Clone for LogPaneProps {
    fn clone(&self) -> Self {
        Self {
            log: self.log.clone(),
            follow: self.follow.clone(),
            chosen: self.chosen.clone(),
            wrap: self.wrap,
            looks: self.looks.clone(),
            top: self.top.clone(),
            ontop: self.ontop.clone(),
            bottom: self.bottom.clone(),
            onend: self.onend.clone(),
            catch_up: self.catch_up.clone(),
            marked: self.marked,
            begin_at: self.begin_at,
            oncontext: self.oncontext.clone(),
            empty: self.empty.clone(),
        }
    }
}

/// What is read stays in memory, where the newest lines can be had again.
#[hook]
fn use_hold(props: &LogPaneProps) {
    let held = !*props.follow && props.catch_up.is_some();
    let buffer = Rc::clone(&props.log.buffer);
    use_effect_with(held, move |held| buffer.borrow_mut().held = *held);
}

/// Whoever comes back finds the line chosen, and the view where it was.
fn in_context(props: &LogPaneProps) -> Option<Callback<u64>> {
    let show = props.oncontext.clone()?;
    let (chosen, follow) = (props.chosen.setter(), props.follow.setter());
    Some(Callback::from(move |id: u64| {
        follow.set(false);
        chosen.set(Some((id, id)));
        show.emit(id);
    }))
}

fn rows(
    props: &LogPaneProps,
    viewport: &Viewport,
    looks: &Looks,
    oncontext: Option<&Callback<u64>>,
) -> Vec<Html> {
    let buffer = props.log.buffer.borrow();
    let row = |line: &Line| {
        let id = line.id;
        let (chosen, follow) = (props.chosen.clone(), props.follow.setter());
        let is = chosen::holds(*chosen, id);
        let onchoose = Callback::from(move |more: bool| {
            follow.set(false);
            chosen.set(chosen::clicked(*chosen, id, more));
        });
        let marked = props.marked == Some(id);
        let oncontext = oncontext.map(|show| show.reform(move |()| id));
        html! { <LogRow key={id.to_string()} line={line.clone()} looks={looks.clone()} chosen={is} {marked} {onchoose} {oncontext}/> }
    };
    let lines = viewport.lines.clone().filter_map(|place| buffer.row(place));
    lines.map(row).collect()
}

/// Arrows walk from a chosen line to the next; Enter chooses the newest one, and shows a chosen one in its context; End follows.
fn on_key(props: &LogPaneProps, oncontext: Option<Callback<u64>>, node: NodeRef) -> Callback<KeyboardEvent> {
    let (chosen, follow, ontop) = (props.chosen.clone(), props.follow.clone(), props.ontop.clone());
    let (buffer, catch_up) = (Rc::clone(&props.log.buffer), props.catch_up.clone());
    let in_pages = props.onend.is_some();
    Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Enter" && is_of_button(&event) {
            return;
        }
        let buffer = buffer.borrow();
        match (event.key().as_str(), *chosen) {
            ("ArrowDown" | "ArrowUp", Some(now)) => {
                let down = event.key() == "ArrowDown";
                if let Some(next) = chosen::beside(&buffer, now, down, event.shift_key()) {
                    chosen.set(Some(next));
                }
                event.prevent_default();
            }
            ("Enter", None) => {
                let last = buffer.shown().checked_sub(1).and_then(|row| buffer.row(row));
                if let Some(last) = last {
                    follow.set(false);
                    chosen.set(Some((last.id, last.id)));
                }
            }
            ("Enter", now @ Some(_)) => {
                if let (Some(show), Some(id)) = (&oncontext, chosen::single(now)) {
                    event.prevent_default();
                    show.emit(id);
                }
            }
            ("Escape", Some(_)) => {
                chosen.set(None);
                event.stop_propagation();
            }
            ("Home", _) => {
                follow.set(false);
                ontop.emit(());
            }
            ("PageUp" | "ArrowUp", _) => {
                follow.set(false);
                // A view that moves tells by itself when it comes near to the top.
                if is_at_top(&node) {
                    ontop.emit(());
                }
            }
            // It goes to the end of what is here, and what comes behind it is asked for.
            ("End", _) if in_pages => {}
            ("End", _) => {
                if buffer.waiting() > 0
                    && let Some(catch_up) = &catch_up
                {
                    catch_up.emit(());
                }
                follow.set(true);
            }
            _ => {}
        }
    })
}

/// Nothing is above what is seen, or all of it fits.
fn is_at_top(node: &NodeRef) -> bool {
    let lines = node.cast::<Element>();
    lines.is_some_and(|lines| lines.scroll_top() <= 0)
}

/// A button above or below the lines, or in one of them, means its own key.
fn is_of_button(event: &KeyboardEvent) -> bool {
    let target = event.target_dyn_into::<Element>();
    target.is_some_and(|target| target.tag_name() == "BUTTON")
}

/// How many lines have come since the view stopped following, and the way to them.
#[function_component]
fn News(props: &LogPaneProps) -> Html {
    let arrived = props.log.buffer.borrow().arrived();
    let since = use_mut_ref(|| arrived);
    if *props.follow {
        *since.borrow_mut() = arrived;
    }
    let new = arrived.saturating_sub(*since.borrow());
    // What comes in pages is asked for, and no news.
    if *props.follow || new == 0 || props.onend.is_some() {
        return html! {};
    }
    let onclick = {
        let (follow, catch_up) = (props.follow.setter(), props.catch_up.clone());
        let waiting = props.log.buffer.borrow().waiting() > 0;
        Callback::from(move |()| {
            if let Some(catch_up) = catch_up.as_ref().filter(|_| waiting) {
                catch_up.emit(());
            }
            follow.set(true);
        })
    };
    html! {
        <div class="log-news" role="status">
            <Button id="log-new" offline=true label={format!("{} new", text::thousands(new))} icon={Icon::Follow} look={Look::Primary} {onclick}
                hint="Goes to the newest line and follows"/>
        </div>
    }
}
