//! Terminals of one place, in an application's containers or on the node: several, as tabs. They live on the server and are found again by
//! whoever comes back.

mod find;
mod keys;
mod paste;
mod screen;
mod session;

use std::rc::Rc;

use slipway_protocol::api::{CloseTerminal, ListTerminals, OpenNodeTerminal, OpenTerminal};
use slipway_protocol::desktop::Failure;
use slipway_protocol::task::TaskName;
use slipway_protocol::terminal::{NewNodeTerminal, NewTerminal, TerminalEnd, TerminalSize, TerminalView};
use slipway_protocol::{Action, ApplicationId, ClusterId, Resource, TerminalId};
use yew::prelude::*;

use self::session::Session;
use crate::components::ask_first::AskFirst;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::components::pill::{Dot, Tone};
use crate::components::remote::{Empty, Forbidden, NotYet, face};
use crate::shell;
use crate::state::api::{Every, use_api};
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

/// Until the page has measured its screen.
const FIRST_SIZE: TerminalSize = TerminalSize {
    columns: 80,
    rows: 24,
};

/// What is open is asked for again after so long, where it could not be read.
const AGAIN_MS: u32 = 5_000;
const UNREAD: AttrValue =
    AttrValue::Static("What is open there could not be read; it is asked for again every few seconds");

/// The terminals of this page, in the order in which they were opened.
#[derive(Default, PartialEq)]
struct Tabs {
    all: Vec<Tab>,
    chosen: Option<TerminalId>,
    last_number: usize,
}

#[derive(Clone, PartialEq)]
struct Tab {
    terminal: TerminalView,
    number: usize,
    fresh: bool,
}

enum Act {
    /// The agent knows these.
    Found(Rc<Vec<TerminalView>>),
    Opened(TerminalView),
    Choose(TerminalId),
    Ended(TerminalId, TerminalEnd),
    Close(TerminalId),
}

impl Reducible for Tabs {
    type Action = Act;
    fn reduce(self: Rc<Self>, act: Act) -> Rc<Self> {
        let mut tabs = Self {
            all: self.all.clone(),
            chosen: self.chosen,
            last_number: self.last_number,
        };
        match act {
            Act::Found(found) => {
                for terminal in found.iter().filter(|one| one.end.is_none()) {
                    if !tabs.all.iter().any(|tab| tab.terminal.id == terminal.id) {
                        tabs.add(terminal.clone(), false);
                    }
                }
                let last = tabs.all.last().map(|tab| tab.terminal.id);
                tabs.chosen = tabs.chosen.or(last);
            }
            Act::Opened(terminal) => {
                tabs.chosen = Some(terminal.id);
                tabs.add(terminal, true);
            }
            Act::Choose(id) => tabs.chosen = Some(id),
            Act::Ended(id, end) => {
                if let Some(tab) = tabs.all.iter_mut().find(|tab| tab.terminal.id == id) {
                    tab.terminal.end = Some(end);
                }
            }
            Act::Close(id) => {
                tabs.all.retain(|tab| tab.terminal.id != id);
                if tabs.chosen == Some(id) {
                    tabs.chosen = tabs.all.last().map(|tab| tab.terminal.id);
                }
            }
        }
        Rc::new(tabs)
    }
}

impl Tabs {
    fn add(&mut self, terminal: TerminalView, fresh: bool) {
        self.last_number += 1;
        self.all.push(Tab {
            terminal,
            number: self.last_number,
            fresh,
        });
    }
}

/// Where the terminals of a page are, and the next one will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this task of an application, or in the first that can be reached.
    Application(ApplicationId, Option<TaskName>),
    Node,
}

impl Place {
    fn right(&self) -> (Resource, Action) {
        match self {
            Self::Application(..) => (Resource::Terminal, Action::Run),
            Self::Node => (Resource::Node, Action::Run),
        }
    }

    /// Who has that right.
    fn needs(&self) -> &'static str {
        match self {
            Self::Application(..) => "the right to use terminals (developer or above)",
            Self::Node => "the right to use terminals on the node (admin or owner)",
        }
    }

    fn list(&self) -> ListTerminals {
        match self {
            Self::Application(application, _) => ListTerminals {
                application: Some(*application),
                node: None,
            },
            Self::Node => ListTerminals {
                application: None,
                node: Some(true),
            },
        }
    }

    async fn open(self, cluster: ClusterId) -> Result<TerminalView, Failure> {
        let (command, size) = (None, Some(FIRST_SIZE));
        match self {
            Self::Application(application, task) => {
                let body = NewTerminal { task, command, size };
                shell::api(cluster, OpenTerminal { application, body }).await
            }
            Self::Node => {
                let body = NewNodeTerminal { command, size };
                shell::api(cluster, OpenNodeTerminal { body }).await
            }
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct TerminalsProps {
    pub place: Place,
    /// What they are, where none is open.
    pub about: AttrValue,
    /// Why none can be opened now, beside a link that is down and an answer that did not come.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// What is asked before one is opened; nothing where that needs no question.
    #[prop_or_default]
    pub question: Option<AttrValue>,
    /// Stands beside the button: what can be chosen of the place.
    #[prop_or_default]
    pub children: Html,
}

#[function_component]
pub fn Terminals(props: &TerminalsProps) -> Html {
    let context = use_cluster();
    let cluster = context.id();
    let (resource, action) = props.place.right();
    let may = context.may(resource, action);
    let failing = use_state_eq(|| false);
    let every = match (may, *failing) {
        (false, _) => Every::Never,
        (true, false) => Every::Once,
        // Nothing else would ask again, and until then none can be opened.
        (true, true) => Every::Milliseconds(AGAIN_MS),
    };
    let found = use_api(cluster, props.place.list(), every);
    {
        let failing = failing.setter();
        use_effect_with(found.failure.is_some(), move |failed| failing.set(*failed));
    }
    let tabs = use_reducer(Tabs::default);
    let opening = use_task();
    {
        let tabs = tabs.dispatcher();
        use_effect_with(found.data.clone().filter(|_| found.live), move |found| {
            if let Some(found) = found.clone() {
                tabs.dispatch(Act::Found(found));
            }
        });
    }
    if !may {
        return html! { <Forbidden needs={props.place.needs()}/> };
    }
    let open = {
        let (tabs, opening, place) = (tabs.dispatcher(), opening.clone(), props.place.clone());
        Callback::from(move |()| {
            let (tabs, place) = (tabs.clone(), place.clone());
            opening.run(async move {
                tabs.dispatch(Act::Opened(place.open(cluster).await?));
                Ok(())
            });
        })
    };
    let unread = found.failure.is_some().then_some(UNREAD);
    let hint = context.out_of_reach().or(unread).or_else(|| props.hint.clone());
    let button = |label: &'static str, look: Look| match &props.question {
        None => html! {
            <Button id="terminal-new" {label} icon={Icon::Plus} {look} busy={opening.busy()} disabled={hint.is_some()}
                hint={hint.clone()} onclick={open.clone()}/>
        },
        Some(question) => html! {
            <AskFirst id="terminal-new" {label} icon={Icon::Plus} {look} disabled={hint.is_some()} hint={hint.clone()}
                title="Open a terminal in production?" verb="Open it" keep="Do not open" task={opening.clone()} act={open.clone()}>
                <p>{ question }</p>
            </AskFirst>
        },
    };
    // A question shows what went wrong itself.
    let failure = opening.failure().filter(|_| props.question.is_none());
    if tabs.all.is_empty() && !found.live && found.failure.is_none() {
        // An answer of earlier says nothing about now.
        return html! { <NotYet/> };
    }
    if tabs.all.is_empty() {
        return face(&found, props.place.needs(), |_| {
            html! {
                <Empty title="No terminal is open" text={props.about.clone()}>
                    { props.children.clone() }
                    { button("Open a terminal", Look::Primary) }
                    <FormError {failure}/>
                </Empty>
            }
        });
    }
    let ended = {
        let tabs = tabs.dispatcher();
        Callback::from(move |(id, end)| tabs.dispatch(Act::Ended(id, end)))
    };
    let close = close_one(cluster, &tabs);
    let tab = |tab: &Tab| {
        let id = tab.terminal.id;
        let chosen = tabs.chosen == Some(id);
        let choose = tabs.dispatcher();
        let onclick = Callback::from(move |_: MouseEvent| choose.dispatch(Act::Choose(id)));
        let tone = if tab.terminal.end.is_some() {
            Tone::Neutral
        } else {
            Tone::Good
        };
        html! {
            <button type="button" key={id.to_string()} role="tab" class={classes!("terminal-tab", chosen.then_some("chosen"))}
                aria-selected={if chosen { "true" } else { "false" }} data-testid={format!("terminal-tab-{}", tab.number)} {onclick}>
                <Dot {tone}/>{ format!("Terminal {}", tab.number) }
            </button>
        }
    };
    let session = |tab: &Tab| {
        html! {
            <Session key={tab.terminal.id.to_string()} {cluster} terminal={tab.terminal.clone()} number={tab.number} fresh={tab.fresh}
                shown={tabs.chosen == Some(tab.terminal.id)} ended={ended.clone()} close={close.clone()}/>
        }
    };
    html! {
        <div class="terminals" data-testid="terminal">
            <div class="terminal-bar">
                <div class="terminal-tabs" role="tablist">{ for tabs.all.iter().map(tab) }</div>
                <span class="grow"/>
                { props.children.clone() }
                { button("New terminal", Look::Secondary) }
            </div>
            <FormError {failure}/>
            { for tabs.all.iter().map(session) }
        </div>
    }
}

/// Ends a terminal, and takes its tab away.
fn close_one(cluster: ClusterId, tabs: &UseReducerHandle<Tabs>) -> Callback<TerminalId> {
    let tabs = tabs.dispatcher();
    Callback::from(move |terminal| {
        tabs.dispatch(Act::Close(terminal));
        wasm_bindgen_futures::spawn_local(async move {
            // One that has ended meanwhile is gone already; one that cannot be told ends by itself.
            let _ = shell::api(cluster, CloseTerminal { terminal }).await;
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::terminal::TerminalPlace;

    fn id(number: u32) -> TerminalId {
        let text = format!("018f0000-0000-7000-8000-{number:012}");
        text.parse().unwrap()
    }

    fn view(number: u32, end: Option<TerminalEnd>) -> TerminalView {
        TerminalView {
            id: id(number),
            place: TerminalPlace::Task {
                application: ApplicationId(id(0).0),
                task: None,
            },
            command: String::new(),
            screen: true,
            opened_at: chrono::DateTime::UNIX_EPOCH,
            written: 0,
            end,
        }
    }

    /// FR-OBS-02: terminals that live are found again, once; one that is closed gives way to another.
    #[test]
    fn terminals_are_found_again_once() {
        let reduce = |tabs: Rc<Tabs>, act| tabs.reduce(act);
        let tabs = reduce(Rc::default(), Act::Opened(view(1, None)));
        let found = vec![view(1, None), view(2, None), view(3, Some(TerminalEnd::Idle))];
        let tabs = reduce(tabs, Act::Found(Rc::new(found)));
        let ids: Vec<_> = tabs.all.iter().map(|tab| tab.terminal.id).collect();
        assert_eq!((ids, tabs.chosen), (vec![id(1), id(2)], Some(id(1))));
        assert!(tabs.all[0].fresh && !tabs.all[1].fresh);
        let tabs = reduce(tabs, Act::Close(id(1)));
        assert_eq!(tabs.chosen, Some(id(2)));
        let tabs = reduce(tabs, Act::Ended(id(2), TerminalEnd::Idle));
        assert_eq!(tabs.all[0].terminal.end, Some(TerminalEnd::Idle));
    }
}
