//! One scope's variables: as a table, as a text, and who changed them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use slipway_protocol::api::ListVariables;
use slipway_protocol::variable::VariableView;
use slipway_protocol::{Action, Resource, Scope, VariableKey};
use yew::prelude::*;

use super::history::History;
use super::inherited::{Inherited, wider};
use super::set_form::{Draft, SetForm};
use super::table::VariableTable;
use super::text_mode::TextMode;
use crate::components::remote::{Forbidden, face};
use crate::components::segmented::{Segment, Segmented};
use crate::components::unsaved::unsaved;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::drafts;
use crate::state::remote::is_forbidden;
use crate::state::typed::{Typed, use_typed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Table,
    Text,
    History,
}

#[derive(PartialEq, Properties)]
pub struct PanelProps {
    pub scope: Scope,
    /// When a change takes effect.
    pub effect: AttrValue,
    /// Variables set after this moment wait for a deployment.
    #[prop_or_default]
    pub waits_since: Option<DateTime<Utc>>,
    pub onchanged: Callback<()>,
}

/// The right that reading variables needs, in words.
pub(super) const READING: &str = "the right to read variables (developer or above)";

#[function_component]
pub fn VariablesPanel(props: &PanelProps) -> Html {
    let context = use_cluster();
    let scope = props.scope;
    let remote = use_api(context.id(), ListVariables { scope }, LIST);
    let mode = use_state_eq(|| Mode::Table);
    let key = |form: &str| drafts::key(context.id(), form, scope);
    let draft = use_typed(key("variable"), Draft::default);
    let text = use_typed(key("variables as text"), String::new);
    let may = context.may(Resource::Variable, Action::Write);
    let changed = {
        let (list, all) = (remote.reload.clone(), props.onchanged.clone());
        Callback::from(move |()| {
            list.emit(());
            all.emit(());
        })
    };
    let segments = vec![
        Segment::new(Mode::Table, "variables-table", "Table"),
        Segment::new(Mode::Text, "variables-text", "Text"),
        Segment::new(Mode::History, "variables-history", "History"),
    ];
    let choose = {
        let mode = mode.setter();
        Callback::from(move |next| mode.set(next))
    };
    let back = {
        let (mode, changed) = (mode.setter(), changed.clone());
        Callback::from(move |()| {
            changed.emit(());
            mode.set(Mode::Table);
        })
    };
    let edit = draft.offer();
    if remote.failure.as_ref().is_some_and(is_forbidden) {
        return html! { <Forbidden needs={READING}/> };
    }
    let body = match *mode {
        Mode::Table => html! {
            <>
                <SetForm key={draft.get().of.as_ref().map(ToString::to_string).unwrap_or_default()} {scope} typed={draft.clone()} all={remote.get().cloned().unwrap_or_default()} {may} onset={changed.clone()}/>
                { face(&remote, READING, |all| html! {
                    <>
                    <VariableTable {scope} all={all.clone()} waits_since={props.waits_since} {may} {edit} {changed}/>
                    { inherited(&context, scope, all) }
                    </>
                }) }
            </>
        },
        Mode::Text => face(
            &remote,
            READING,
            |all| html! { <TextMode {scope} all={all.clone()} typed={text.clone()} {may} onsaved={back}/> },
        ),
        Mode::History => html! { <History {scope}/> },
    };
    html! {
        <>
            <div class="panel-head">
                <p class="lead">{ &props.effect }</p>
                <Segmented<Mode> label="Show as" {segments} chosen={*mode} onchange={choose}/>
            </div>
            { left_over(*mode, &draft, &text) }
            { body }
            { unsaved(&draft, &draft.get().named()) }
            <References {scope}/>
        </>
    }
}

/// What was typed in another mode is still there.
fn left_over(mode: Mode, draft: &Typed<Draft>, text: &Typed<String>) -> Html {
    let elsewhere = [
        ("Table", mode != Mode::Table && draft.is_touched()),
        ("Text", mode != Mode::Text && text.is_touched()),
    ];
    let line = |name: &str| {
        html! { <p class="warning-text" role="status" data-testid="variables-left-over">{ format!("What you typed under {name} is not saved yet.") }</p> }
    };
    html! { <>{ for elsewhere.iter().filter(|(_, left)| *left).map(|(name, _)| line(name)) }</> }
}

/// Below a scope's own variables, what it has from around it.
fn inherited(context: &ClusterContext, scope: Scope, own: &[VariableView]) -> Html {
    let mut around = wider(context, scope).into_iter();
    let Some((scope, name)) = around.next() else {
        return html! {};
    };
    let nearer = own
        .iter()
        .map(|one| one.key.clone())
        .collect::<HashSet<VariableKey>>();
    let rest: Vec<(Scope, String)> = around.collect();
    html! { <Inherited key={scope.to_string()} {scope} {name} {nearer} {rest}/> }
}

#[derive(PartialEq, Properties)]
struct ReferencesProps {
    scope: Scope,
}

/// What `${{…}}` in a value stands for.
#[function_component]
fn References(props: &ReferencesProps) -> Html {
    let wider = [
        ("${{team.NAME}}", "the team's NAME"),
        (
            "${{project.NAME}}",
            "NAME of the project that the application is in",
        ),
        ("${{environment.NAME}}", "NAME of its environment"),
    ];
    let line = |(written, means): &(&'static str, &'static str)| {
        html! { <div class="fact"><dt><code>{ *written }</code></dt><dd>{ *means }</dd></div> }
    };
    html! {
        <details class="references">
            <summary>{ "References to other variables" }</summary>
            <dl class="facts wide">
                { for wider.iter().map(line) }
                { line(&("${{NAME}}", "NAME as the application has it: its own, else that of the environment, the project, the team")) }
                { line(&("$${{NAME}}", "the text ${{NAME}} itself")) }
            </dl>
            <p class="field-hint">
                { format!("A variable of the {} goes before one of the same name in a wider scope. A deployment with a reference to \
                    nothing is refused, and names it. Nothing else is expanded: quotes, $ and # arrive as they are written.", props.scope.kind()) }
            </p>
        </details>
    }
}
