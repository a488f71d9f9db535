//! A log that comes whole: what is looked for is looked for here, and a found line is shown among all the others.

use yew::prelude::*;

use super::chosen::Chosen;
use super::context_frame::ContextFrame;
use super::pane::LogPane;
use super::row::Looks;
use super::{FollowButton, SharedLog, WrapButton, copy_buttons, counted};
use crate::components::search::SearchField;

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

/// A found line that was shown among the lines around it.
#[derive(Clone, Copy, PartialEq)]
struct Shown {
    line: u64,
    /// Otherwise the search goes on with it.
    open: bool,
}

/// Where somebody is in the lines: of the search, or of those around a found line.
#[derive(Clone)]
struct Reading {
    follow: UseStateHandle<bool>,
    chosen: UseStateHandle<Chosen>,
}

#[hook]
fn use_reading(follows: bool) -> Reading {
    Reading {
        follow: use_state_eq(move || follows),
        chosen: use_state_eq(|| None::<(u64, u64)>),
    }
}

#[function_component]
pub fn LogView(props: &LogViewProps) -> Html {
    let wanted = use_state(String::new);
    // What a build says is read to its end.
    let wrap = use_state_eq(|| true);
    let (searching, around) = (use_reading(true), use_reading(false));
    let context = use_state_eq(|| None::<Shown>);
    let onchange = on_change(&wanted, &context, &searching);
    let log = &props.log;
    let line = (*context).filter(|shown| shown.open).map(|shown| shown.line);
    // Around a found line are those that do not hold the text.
    let sought = if line.is_some() { "" } else { wanted.as_str() };
    log.buffer.borrow_mut().search(sought);
    let empty = if log.buffer.borrow().searching() {
        "No line holds this."
    } else {
        props.empty.as_str()
    };
    let empty = html! { <p class="log-empty">{ empty }</p> };
    let looks = Looks {
        fine_times: props.fine_times,
        wanted: sought.to_lowercase(),
        ..Looks::default()
    };
    let reading = if line.is_some() { &around } else { &searching };
    let Reading { follow, chosen } = reading.clone();
    let body = match line {
        Some(line) => {
            let is_gone = log.buffer.borrow().by_id(line).is_none();
            let back = {
                let context = context.setter();
                Callback::from(move |()| context.set(Some(Shown { line, open: false })))
            };
            html! {
                <ContextFrame key={line} {back} {is_gone}>
                    <LogPane log={log.clone()} follow={follow.clone()} chosen={chosen.clone()} wrap={*wrap} {looks} marked={line} begin_at={line} {empty}/>
                </ContextFrame>
            }
        }
        None => {
            let place = (*context).map(|shown| shown.line);
            let oncontext = (!wanted.is_empty()).then(|| on_context(&context, &around));
            html! {
                <LogPane log={log.clone()} follow={follow.clone()} chosen={chosen.clone()} wrap={*wrap} {looks} begin_at={place} {oncontext} {empty}/>
            }
        }
    };
    html! {
        <div class="log" data-testid={props.id.clone()}>
            <div class="log-tools">
                <SearchField id="log-find" label="Find in the log" value={(*wanted).clone()} {onchange}/>
                <span class="grow"/>
                { props.state.clone() }
                <span class="faint number" data-testid="log-count">{ counted(&log.buffer.borrow()) }</span>
                { copy_buttons(log, *chosen) }
                <WrapButton wrap={wrap.clone()}/>
                <FollowButton {follow}/>
            </div>
            { body }
        </div>
    }
}

/// Looking for something else ends the context.
fn on_change(
    wanted: &UseStateHandle<String>,
    context: &UseStateHandle<Option<Shown>>,
    searching: &Reading,
) -> Callback<String> {
    let was_open = (**context).is_some_and(|shown| shown.open);
    let (wanted, context, follow) = (wanted.clone(), context.setter(), searching.follow.setter());
    Callback::from(move |text: String| {
        // A field that is left tells once more what is in it.
        if text != *wanted {
            wanted.set(text);
            context.set(None);
            if was_open {
                follow.set(true);
            }
        }
    })
}

/// Shows a line among those around it, from where nothing is chosen and nothing followed.
fn on_context(context: &UseStateHandle<Option<Shown>>, around: &Reading) -> Callback<u64> {
    let (context, follow, chosen) = (context.setter(), around.follow.setter(), around.chosen.setter());
    Callback::from(move |line| {
        follow.set(false);
        chosen.set(None);
        context.set(Some(Shown { line, open: true }));
    })
}
