//! Files that are laid over the application's source after it was fetched.

use slipway_protocol::api::{DeletePatch, ListPatches, SetPatch};
use slipway_protocol::patch::{LARGEST_PATCH, NewPatch, PatchView};
use slipway_protocol::{Action, ApplicationId, RelativePath, Resource};
use yew::prelude::*;

use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::confirm::Confirm;
use crate::components::failure::FormError;
use crate::components::field::{Area, Field, complaint};
use crate::components::icon::Icon;
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::components::time::Ago;
use crate::components::unsaved::unsaved;
use crate::line_ends;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;
use crate::state::drafts;
use crate::state::task::{both, use_task};
use crate::state::typed::{Typed, use_typed};
use crate::text;

#[function_component]
pub fn Patches(props: &AppProps) -> Html {
    let context = use_cluster();
    let application = props.app.id;
    let remote = use_api(context.id(), ListPatches { application }, LIST);
    let typed = use_typed(drafts::key(context.id(), "patch", application), || {
        None::<PatchDraft>
    });
    let deleting = use_state(|| None::<RelativePath>);
    let may = context.may(Resource::Variable, Action::Write);
    let set = |what: PatchDraft| typed.offer().reform(move |()| Some(what.clone()));
    let keep = {
        let deleting = deleting.setter();
        Callback::from(move |()| deleting.set(None))
    };
    let hint = (!may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    let row = |one: &PatchView| {
        let ask = {
            let (deleting, path) = (deleting.setter(), one.path.clone());
            Callback::from(move |()| deleting.set(Some(path.clone())))
        };
        html! {
            <Row key={one.path.to_string()} id={format!("patch-row-{}", one.path)}>
                <td><code>{ one.path.as_str() }</code></td>
                <td class="right number">{ text::bytes(one.content.len() as u64) }</td>
                <td class="secondary"><Ago at={one.updated_at}/></td>
                <td class="right end">
                    <span class="row-buttons">
                        <Button id={format!("patch-open-{}", one.path)} label="Open" look={Look::Plain} onclick={set(PatchDraft::of(one))}/>
                        <Button id={format!("patch-delete-{}", one.path)} label={format!("Delete {}", one.path)} acts=true icon={Icon::Trash} icon_only=true
                            look={Look::Plain} disabled={!may} hint={hint.clone()} onclick={ask}/>
                    </span>
                </td>
            </Row>
        }
    };
    let table = |all: &Vec<PatchView>| {
        if all.is_empty() {
            return html! { <p class="card-empty">{ "The source is built as it is." }</p> };
        }
        let head = html! { <><th>{ "Path in the source" }</th><th class="right">{ "Length" }</th><th>{ "Set" }</th><th/></> };
        html! { <Table {head}>{ for all.iter().map(row) }</Table> }
    };
    let new = html! {
        <Button id="patch-new" label="New patch" disabled={!may || typed.get().is_some()} hint={hint.clone()} onclick={set(PatchDraft::default())}/>
    };
    html! {
        <>
            <Card title="Laid over the source" note="from the next deployment on, in place of files that are there" actions={new}>
                { face(&remote, "the right to read variables (developer or above)", table) }
            </Card>
            if let Some(draft) = typed.get() {
                <PatchForm key={draft.key()} {application} {may} taken={remote.get().is_some_and(|all| draft.is_taken(all))} draft={draft.clone()} typed={typed.clone()} onset={remote.reload.clone()}/>
            }
            { unsaved(&typed, &typed.get().as_ref().map(PatchDraft::named).unwrap_or_default()) }
            if let Some(path) = &*deleting {
                <DeleteDialog {application} path={path.clone()} close={keep} changed={remote.reload.clone()}/>
            }
        </>
    }
}

/// What is typed.
#[derive(Clone, Debug, Default, PartialEq)]
struct PatchDraft {
    path: String,
    content: String,
    /// The path of one that is there already stays.
    there: bool,
    /// Its lines end as on Windows.
    windows: bool,
}

impl PatchDraft {
    fn of(view: &PatchView) -> Self {
        let (content, windows) = line_ends::for_a_field(&view.content);
        Self {
            path: view.path.to_string(),
            content,
            there: true,
            windows,
        }
    }

    /// The same as long as one patch is typed at.
    fn key(&self) -> String {
        if self.there {
            self.path.clone()
        } else {
            String::new()
        }
    }

    /// Another patch has this path: it would be replaced by somebody who has not looked at it.
    fn is_taken(&self, all: &[PatchView]) -> bool {
        !self.there && all.iter().any(|one| one.path.as_str() == self.path.trim())
    }

    /// What is typed, in words.
    fn named(&self) -> String {
        if self.there {
            format!("what is typed in {}", self.path)
        } else {
            "the new patch".to_owned()
        }
    }
}

#[derive(PartialEq, Properties)]
struct FormProps {
    application: ApplicationId,
    may: bool,
    draft: PatchDraft,
    /// There is another patch at its path.
    taken: bool,
    typed: Typed<Option<PatchDraft>>,
    onset: Callback<()>,
}

#[function_component]
fn PatchForm(props: &FormProps) -> Html {
    let cluster = use_cluster().id();
    let draft = &props.draft;
    let task = use_task();
    let path = draft.path.trim();
    let parsed = RelativePath::parse(path);
    let error = if props.taken {
        Some(AttrValue::Static("There is a patch of this path: open it above."))
    } else {
        complaint(path, false, parsed.clone())
    };
    let too_long =
        (draft.content.len() > LARGEST_PATCH).then_some(AttrValue::Static("A patch has at most 256 KiB."));
    let ready = props.may && !props.taken && parsed.is_ok() && too_long.is_none();
    let onsubmit = {
        let (application, task, draft) = (props.application, task.clone(), draft.clone());
        let (typed, onset) = (props.typed.clone(), props.onset.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(path) = parsed.clone().ok().filter(|_| ready) else {
                return;
            };
            let body = NewPatch {
                content: line_ends::from_a_field(&draft.content, draft.windows),
            };
            let (typed, onset, sent) = (typed.clone(), onset.clone(), Some(draft.clone()));
            task.run(async move {
                let request = SetPatch {
                    application,
                    path,
                    body,
                };
                shell::api(cluster, request).await?;
                typed.stored(sent, None);
                onset.emit(());
                Ok(())
            });
        })
    };
    let field = |put: fn(&mut PatchDraft) -> &mut String| {
        props.typed.changing(move |open: &mut Option<PatchDraft>, text| {
            if let Some(draft) = open {
                *put(draft) = text;
            }
        })
    };
    let close = props.typed.offer().reform(|()| None);
    let there = draft.there;
    html! {
        <Card title={if there { draft.path.clone() } else { "New patch".to_owned() }}>
            <form class="form" {onsubmit}>
                <Field id="patch-path" label="Path in the source" value={draft.path.clone()} onchange={field(|draft| &mut draft.path)} {error} mono=true
                    placeholder="config/production.toml" disabled={there} autofocus={!there}/>
                <Area id="patch-content" label="Content" value={draft.content.clone()} onchange={field(|draft| &mut draft.content)} error={too_long} rows=14 autofocus={there}/>
                <FormError failure={task.failure()}/>
                <div class="form-actions">
                    <Button id="patch-set" label="Save" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready}
                        hint={(!props.may).then_some(AttrValue::Static(FOR_DEVELOPERS))}/>
                    <Button id="patch-close" label="Close" onclick={close}/>
                </div>
            </form>
        </Card>
    }
}

#[derive(PartialEq, Properties)]
struct DeleteProps {
    application: ApplicationId,
    path: RelativePath,
    close: Callback<()>,
    changed: Callback<()>,
}

#[function_component]
fn DeleteDialog(props: &DeleteProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let (application, path) = (props.application, props.path.clone());
    let then = both(&props.changed, &props.close);
    let confirm = task.sends(cluster, DeletePatch { application, path }, then);
    html! {
        <Confirm id="patch-delete" title={format!("Delete {}", props.path)} verb="Delete patch" {task} {confirm} close={props.close.clone()}>
            <p>{ "From the next deployment on the source is built as it was fetched." }</p>
        </Confirm>
    }
}
