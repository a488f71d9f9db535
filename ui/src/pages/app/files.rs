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
use crate::components::remote::{Forbidden, face};
use crate::components::table::{Row, Table};
use crate::components::time::Ago;
use crate::components::unsaved::unsaved;
use crate::shell;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;
use crate::state::drafts;
use crate::state::remote::is_forbidden;
use crate::state::task::use_task;
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
        (false, _) => Some(AttrValue::Static("It needs the role developer, admin or owner")),
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
    let row = |one: &FileView| {
        let show = {
            let file = one.clone();
            open.reform(move |()| file.clone())
        };
        let delete = {
            let (delete, path) = (props.delete.clone(), one.path.clone());
            Callback::from(move |()| delete.set(Some(path.clone())))
        };
        let see = (!may_see).then_some(AttrValue::Static(
            "Only an admin or owner may read a file's content",
        ));
        let hint = (!props.may).then_some(AttrValue::Static("It needs the role developer, admin or owner"));
        html! {
            <Row key={one.path.to_string()} id={format!("file-row-{}", one.path)}>
                <td><code>{ one.path.as_str() }</code></td>
                <td class="number">{ one.mode.as_str() }</td>
                <td class="right number">{ text::bytes(u64::from(one.length)) }</td>
                <td class="secondary"><Ago at={one.updated_at}/></td>
                <td class="right">
                    <span class="row-buttons">
                        <Button id={format!("file-open-{}", one.path)} label="Open" look={Look::Plain} disabled={!may_see} busy={opening.busy()}
                            hint={see} onclick={show}/>
                        <Button id={format!("file-delete-{}", one.path)} label={format!("Delete {}", one.path)} icon={Icon::Trash} icon_only=true
                            look={Look::Plain} disabled={!props.may} {hint} onclick={delete}/>
                    </span>
                </td>
            </Row>
        }
    };
    let head = html! {
        <><th>{ "Path" }</th><th>{ "Mode" }</th><th class="right">{ "Length" }</th><th>{ "Set" }</th><th/></>
    };
    html! {
        <>
            <FormError failure={opening.failure()}/>
            <Card><Table {head}>{ for props.all.iter().map(row) }</Table></Card>
        </>
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
    let confirm = {
        let (task, application, path) = (task.clone(), props.application, props.path.clone());
        let (close, changed) = (props.close.clone(), props.changed.clone());
        Callback::from(move |()| {
            let (path, close, changed) = (path.clone(), close.clone(), changed.clone());
            task.run(async move {
                shell::api(cluster, DeleteFile { application, path }).await?;
                changed.emit(());
                close.emit(());
                Ok(())
            });
        })
    };
    html! {
        <Confirm id="file-delete" title={format!("Delete {}", props.path)} verb="Delete file" {task} {confirm} close={props.close.clone()}>
            <p>{ "Its content cannot be brought back. What runs keeps it; the next deployment or reload is without it." }</p>
        </Confirm>
    }
}
