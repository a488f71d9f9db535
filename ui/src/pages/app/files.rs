//! Files with content that the application's containers find at a path.

use slipway_protocol::api::{DeleteFile, ListFiles, RevealFile};
use slipway_protocol::file::FileView;
use slipway_protocol::settings::ContainerPath;
use slipway_protocol::{Action, ApplicationId, Resource};
use yew::prelude::*;

use super::AppProps;
use super::file_form::{FileDraft, FileForm};
use super::patches::Patches;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::confirm::Confirm;
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::components::listing::{Column, Listed, Listing};
use crate::components::remote::{Forbidden, face};
use crate::components::time::Ago;
use crate::components::unsaved::unsaved;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;
use crate::state::drafts;
use crate::state::remote::is_forbidden;
use crate::state::task::{both, use_task};
use crate::state::typed::use_typed;
use crate::text;

#[function_component]
pub fn Files(props: &AppProps) -> Html {
    let context = use_cluster();
    let application = props.app.id;
    let remote = use_api(context.id(), ListFiles { application }, LIST);
    let typed = use_typed(
        drafts::key(context.id(), "file", application),
        || None::<FileDraft>,
    );
    let deleting = use_state(|| None::<ContainerPath>);
    let may = context.may(Resource::Variable, Action::Write);
    let changed = {
        let (list, all) = (remote.reload.clone(), props.reload.clone());
        Callback::from(move |()| {
            list.emit(());
            all.emit(());
        })
    };
    let offer = typed.offer();
    let begin = offer.reform(|()| Some(FileDraft::default()));
    let keep = {
        let deleting = deleting.setter();
        Callback::from(move |()| deleting.set(None))
    };
    let hint = match (may, typed.get().is_some()) {
        (false, _) => Some(AttrValue::Static(FOR_DEVELOPERS)),
        (true, true) => Some(AttrValue::Static("Save or close the file that is open first")),
        (true, false) => None,
    };
    const READING: &str = "the right to read variables (developer or above)";
    if remote.failure.as_ref().is_some_and(is_forbidden) {
        // The same right shows what is laid over the source: one refusal is enough.
        return html! { <Forbidden needs={READING}/> };
    }
    html! {
        <>
            <div class="panel-head">
                <p class="lead">{ "Each file is put into the application's containers at its path. Contents are sealed on the server. \
                    A change takes effect with the next deployment or reload." }</p>
                <Button id="file-new" label="New file" look={Look::Primary} disabled={!may || typed.get().is_some()} {hint} onclick={begin}/>
            </div>
            if let Some(draft) = typed.get() {
                <FileForm key={draft.key()} {application} taken={remote.get().is_some_and(|all| draft.is_taken(all))} draft={draft.clone()} typed={typed.clone()} onset={changed.clone()}/>
            }
            { unsaved(&typed, &typed.get().as_ref().map(FileDraft::named).unwrap_or_default()) }
            { face(&remote, READING, |all| html! {
                <FileTable {application} all={all.clone()} {may} edit={offer} delete={deleting.setter()}/>
            }) }
            <Patches ..props.clone()/>
            if let Some(path) = &*deleting { <DeleteDialog {application} path={path.clone()} close={keep} {changed}/> }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct FileTableProps {
    application: ApplicationId,
    all: Vec<FileView>,
    may: bool,
    edit: Callback<Option<FileDraft>>,
    delete: UseStateSetter<Option<ContainerPath>>,
}

#[function_component]
fn FileTable(props: &FileTableProps) -> Html {
    let context = use_cluster();
    let opening = use_task();
    let may_see = context.may(Resource::Secret, Action::Read);
    if props.all.is_empty() {
        return html! { <Card><p class="card-empty">{ "No files yet." }</p></Card> };
    }
    let open = {
        let (opening, edit) = (opening.clone(), props.edit.clone());
        let (cluster, application) = (context.id(), props.application);
        Callback::from(move |file: FileView| {
            let edit = edit.clone();
            opening.run(async move {
                let path = file.path.clone();
                let answer = shell::api(cluster, RevealFile { application, path }).await?;
                edit.emit(Some(FileDraft::of(&file, answer.content.into_exposed())));
                Ok(())
            });
        })
    };
    let end = {
        let (open, delete, may, busy) = (open, props.delete.clone(), props.may, opening.busy());
        Callback::from(move |one: FileView| buttons(&one, may, may_see.then_some(&open), busy, &delete))
    };
    html! {
        <>
            <FormError failure={opening.failure()}/>
            <Card><Listing<FileView> id="files-list" items={props.all.clone()} columns={columns()} {end}/></Card>
        </>
    }
}

impl Listed for FileView {
    fn key(&self) -> String {
        self.path.to_string()
    }

    fn row_id(&self) -> String {
        format!("file-row-{}", self.path)
    }

    fn name(&self) -> String {
        self.path.to_string()
    }
}

fn columns() -> Vec<Column<FileView>> {
    vec![
        Column::new(
            "path",
            "Path",
            |one: &FileView| html! { <td><code>{ one.path.as_str() }</code></td> },
        )
        .by(|one, other| one.path.as_str().cmp(other.path.as_str()))
        .always(),
        Column::new(
            "mode",
            "Mode",
            |one: &FileView| html! { <td class="number">{ one.mode.as_str() }</td> },
        )
        .by(|one, other| one.mode.as_str().cmp(other.mode.as_str())),
        Column::new(
            "length",
            "Length",
            |one: &FileView| html! { <td class="right number">{ text::bytes(u64::from(one.length)) }</td> },
        )
        .by(|one, other| one.length.cmp(&other.length))
        .right(),
        Column::new(
            "set",
            "Set",
            |one: &FileView| html! { <td class="secondary"><Ago at={one.updated_at}/></td> },
        )
        .by(|one, other| one.updated_at.cmp(&other.updated_at)),
    ]
}

/// What is done with a file; without `open` its content may not be read.
fn buttons(
    one: &FileView,
    may: bool,
    open: Option<&Callback<FileView>>,
    busy: bool,
    delete: &UseStateSetter<Option<ContainerPath>>,
) -> Html {
    let show = {
        let file = one.clone();
        open.map(|open| open.reform(move |()| file.clone()))
    };
    let delete = {
        let (delete, path) = (delete.clone(), one.path.clone());
        Callback::from(move |()| delete.set(Some(path.clone())))
    };
    let locked = show.is_none();
    let see = locked.then_some(AttrValue::Static(
        "Only an admin or owner may read a file's content",
    ));
    let hint = (!may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    html! {
        <span class="row-buttons">
            <Button id={format!("file-open-{}", one.path)} label="Open" look={Look::Plain} acts=true disabled={locked} {busy}
                hint={see} onclick={show.unwrap_or_default()}/>
            <Button id={format!("file-delete-{}", one.path)} label={format!("Delete {}", one.path)} acts=true icon={Icon::Trash} icon_only=true
                look={Look::Plain} disabled={!may} {hint} onclick={delete}/>
        </span>
    }
}

#[derive(PartialEq, Properties)]
struct DeleteProps {
    application: ApplicationId,
    path: ContainerPath,
    close: Callback<()>,
    changed: Callback<()>,
}

#[function_component]
fn DeleteDialog(props: &DeleteProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let (application, path) = (props.application, props.path.clone());
    let then = both(&props.changed, &props.close);
    let confirm = task.sends(cluster, DeleteFile { application, path }, then);
    html! {
        <Confirm id="file-delete" title={format!("Delete {}", props.path)} verb="Delete file" {task} {confirm} close={props.close.clone()}>
            <p>{ "Its content cannot be brought back. What runs keeps it; the next deployment or reload is without it." }</p>
        </Confirm>
    }
}
