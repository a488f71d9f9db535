//! By what an application is found again: its tags for everybody, and the person's own mark.

use std::rc::Rc;

use slipway_protocol::api::SetTags;
use slipway_protocol::application::{ApplicationView, Tags};
use slipway_protocol::{Action, ApplicationId, Resource, Tag};
use yew::prelude::*;

use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, into_state};
use crate::components::icon::Icon;
use crate::components::modal::Dialog;
use crate::components::pill::tag_badges;
use crate::components::undo::UndoBar;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::favourites::{turn, use_favourites};
use crate::state::task::{both, use_task};
use crate::tag_words;

/// Beside the application's name: the mark, and the tags with the way to change them.
#[function_component]
pub fn Found(props: &AppProps) -> Html {
    let context = use_cluster();
    let changing = use_state_eq(|| false);
    let app = &props.app;
    let id = app.id;
    let marked = use_favourites().has(id);
    let changed = use_state(|| None::<Changed>);
    let putting_back = use_task();
    let forget = {
        let (changed, task) = (changed.setter(), putting_back.clone());
        Callback::from(move |()| {
            task.dismiss();
            changed.set(None);
        })
    };
    let saved = {
        let (changed, task) = (changed.setter(), putting_back.clone());
        Callback::from(move |change: Changed| {
            task.dismiss();
            changed.set((!change.taken().is_empty()).then_some(change));
        })
    };
    let back = both(&props.reload, &forget);
    let undo = changed
        .as_ref()
        .filter(|change| change.is_still(id, &app.tags))
        .map(|change| {
            let body = Tags {
                tags: change.before.clone(),
            };
            let request = SetTags {
                application: id,
                body,
            };
            let says = format!("Taken away: {}.", tag_words::joined(&change.taken()));
            (says, putting_back.sends(context.id(), request, back))
        });
    let set = |to: bool| {
        let changing = changing.setter();
        Callback::from(move |()| changing.set(to))
    };
    let may = context.may(Resource::Application, Action::Write);
    let hint = (!may).then_some(AttrValue::Static(FOR_DEVELOPERS));
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
            if *changing { <TagsDialog app={Rc::clone(app)} reload={props.reload.clone()} close={set(false)} {saved}/> }
            if let Some((says, undo)) = undo {
                <UndoBar id="tags-undo" {says} task={putting_back} {undo} close={forget}/>
            }
        </span>
    }
}

/// What the person has made of the tags.
#[derive(Clone, PartialEq)]
struct Changed {
    application: ApplicationId,
    before: Vec<Tag>,
    after: Vec<Tag>,
}

impl Changed {
    /// Those that were taken away.
    fn taken(&self) -> Vec<Tag> {
        let is_gone = |tag: &&Tag| !self.after.contains(tag);
        self.before.iter().filter(is_gone).cloned().collect()
    }

    /// Nobody has changed them since; or the page has not heard of the change yet. What somebody else has made of them is not undone.
    fn is_still(&self, application: ApplicationId, now: &[Tag]) -> bool {
        self.application == application && (self.after == now || self.before == now)
    }
}

#[derive(PartialEq, Properties)]
struct TagsProps {
    app: Rc<ApplicationView>,
    reload: Callback<()>,
    close: Callback<()>,
    saved: Callback<Changed>,
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
        let (saved, before) = (props.saved.clone(), props.app.tags.clone());
        Callback::from(move |()| {
            let (Ok(tags), reload, close) = (tags.clone(), reload.clone(), close.clone()) else {
                return;
            };
            let (saved, before) = (saved.clone(), before.clone());
            task.run(async move {
                let body = Tags { tags };
                let after = shell::api(cluster, SetTags { application, body }).await?.tags;
                saved.emit(Changed {
                    application,
                    before,
                    after,
                });
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

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-04: what was taken away is named and can be put back, but not over what somebody else has made of it since.
    #[test]
    fn tags_that_were_taken_away_are_known() {
        let tags = |words: &str| tag_words::parse(words).expect("tags");
        let id = |text: &str| text.parse::<ApplicationId>().expect("an id");
        let application = id("018f0000-0000-7000-8000-000000000001");
        let is_still = |change: &Changed, words: &str| change.is_still(application, &tags(words));
        let change = Changed {
            application,
            before: tags("eu shop web"),
            after: tags("shop new"),
        };
        assert_eq!(change.taken(), tags("eu web"));
        assert!(is_still(&change, "shop new") && is_still(&change, "eu shop web"));
        assert!(!is_still(&change, "shop"));
        let other = id("018f0000-0000-7000-8000-000000000002");
        assert!(!change.is_still(other, &change.after), "another application's");
        let added = Changed {
            application,
            before: tags("shop"),
            after: tags("shop new"),
        };
        assert!(added.taken().is_empty());
    }
}
