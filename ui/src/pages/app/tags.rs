//! By what an application is found again: its tags for everybody, and the person's own mark.

use std::rc::Rc;

use slipway_protocol::api::SetTags;
use slipway_protocol::application::{ApplicationView, Tags};
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, into_state};
use crate::components::icon::Icon;
use crate::components::modal::Dialog;
use crate::components::pill::tag_badges;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::favourites::{turn, use_favourites};
use crate::state::task::use_task;
use crate::tag_words;

/// Beside the application's name: the mark, and the tags with the way to change them.
#[function_component]
pub fn Found(props: &AppProps) -> Html {
    let context = use_cluster();
    let changing = use_state_eq(|| false);
    let app = &props.app;
    let id = app.id;
    let marked = use_favourites().has(id);
    let set = |to: bool| {
        let changing = changing.setter();
        Callback::from(move |()| changing.set(to))
    };
    let may = context.may(Resource::Application, Action::Write);
    let hint = (!may).then_some(AttrValue::Static("It needs the role developer, admin or owner"));
    let mark = if marked {
        "A favourite; press to make it none"
    } else {
        "Make it a favourite: it then stands at the top of the sidebar"
    };
    html! {
        <span class="found-by">
            { tag_badges(&app.tags) }
            <Button id="app-tags" label="Tags" acts=true icon={Icon::Tag} icon_only=true look={Look::Plain} disabled={!may} {hint} onclick={set(true)}/>
            <Button id="favourite" label={mark} icon={Icon::Star} icon_only=true look={Look::Plain} pressed={marked} onclick={Callback::from(move |()| turn(id))}/>
            if *changing { <TagsDialog app={Rc::clone(app)} reload={props.reload.clone()} close={set(false)}/> }
        </span>
    }
}

#[derive(PartialEq, Properties)]
struct TagsProps {
    app: Rc<ApplicationView>,
    reload: Callback<()>,
    close: Callback<()>,
}

#[function_component]
fn TagsDialog(props: &TagsProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let typed = use_state(|| tag_words::joined(&props.app.tags));
    let tags = tag_words::parse(&typed);
    let onsubmit = {
        let (task, tags, application) = (task.clone(), tags.clone(), props.app.id);
        let (reload, close) = (props.reload.clone(), props.close.clone());
        Callback::from(move |()| {
            let (Ok(tags), reload, close) = (tags.clone(), reload.clone(), close.clone()) else {
                return;
            };
            task.run(async move {
                let body = Tags { tags };
                shell::api(cluster, SetTags { application, body }).await?;
                reload.emit(());
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" onclick={props.close.clone()} disabled={task.busy()}/>
            <Button id="tags-save" label="Save" look={Look::Primary} submit=true busy={task.busy()} disabled={tags.is_err()}/>
        </>
    };
    html! {
        <Dialog id="tags-dialog" title={format!("Tags of {}", props.app.name)} onclose={props.close.clone()} {onsubmit} stays={task.busy()} {actions}>
            <Field id="tags" label="Tags" value={(*typed).clone()} onchange={into_state(&typed)} mono=true autofocus=true
                hint="Words with a space between them, such as shop eu team:payments. Everybody finds the application by them, on the projects page and under “Find anything”. Nothing that runs changes."
                error={tags.err().map(|why| AttrValue::from(why.to_string()))}/>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
