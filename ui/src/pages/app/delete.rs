//! Deleting an application, from its own page.

use std::rc::Rc;

use slipway_protocol::api::{DeleteApplication, PreviewApplicationDeletion};
use slipway_protocol::application::ApplicationView;
use yew::prelude::*;

use crate::components::deletion::DeletionDialog;
use crate::route::{Page, Tab, current};
use crate::shell;
use crate::state::api::{Every, use_api};
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct DeleteProps {
    pub app: Rc<ApplicationView>,
    pub close: Callback<()>,
}

#[function_component]
pub fn DeleteDialog(props: &DeleteProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let application = props.app.id;
    let deletion = use_api(
        context.id(),
        PreviewApplicationDeletion { application },
        Every::Once,
    );
    let delete = {
        let task = task.clone();
        Callback::from(move |name: String| {
            let context = context.clone();
            let confirm = Some(name);
            task.run(async move {
                shell::api(context.id(), DeleteApplication { application, confirm }).await?;
                context.reload();
                // On any of its tabs there is nothing left to see.
                let here = current();
                if Tab::ALL
                    .iter()
                    .any(|tab| here == context.route(Page::App(application, *tab)))
                {
                    context.go(Page::Home);
                }
                Ok(())
            });
        })
    };
    html! {
        <DeletionDialog id="app-delete" what="application" name={props.app.name.to_string()}
            {deletion} {task} {delete} close={props.close.clone()}/>
    }
}
