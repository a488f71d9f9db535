//! The fields of an application's settings, shared by “New application” and the settings tab.

use yew::prelude::*;

use super::app_draft::{AppDraft, DraftAction, Text};
use crate::components::card::Card;
use crate::components::field::Field;
use crate::components::segmented::{Segment, Segmented};

#[derive(PartialEq, Properties)]
pub struct AppFieldsProps {
    pub draft: UseReducerHandle<AppDraft>,
    /// The name can be chosen: a new application.
    #[prop_or_default]
    pub named: bool,
    /// The form has been sent: empty fields are wrong too.
    pub strict: bool,
}

#[function_component]
pub fn AppFields(props: &AppFieldsProps) -> Html {
    let draft = &props.draft;
    let field = |text: Text, id: &'static str, label: &'static str, hint: &'static str| {
        let onchange = {
            let dispatcher = draft.dispatcher();
            Callback::from(move |typed| dispatcher.dispatch(DraftAction::Type(text, typed)))
        };
        html! {
            <Field {id} {label} value={draft.text(text).to_owned()} {onchange} error={draft.error(text, props.strict)}
                hint={(!hint.is_empty()).then_some(AttrValue::Static(hint))} mono=true autofocus={text == Text::Name}/>
        }
    };
    html! {
        <>
            <Card title="Source">
                <div class="form">
                    if props.named {
                        { field(Text::Name, "app-name", "Name", "Lower-case letters, digits and hyphens. It stays.") }
                    }
                    { field(Text::GitUrl, "app-git-url", "Git address", "https://…, ssh://…, user@host:path, or a path on the server.") }
                    <div class="form-row even">
                        { field(Text::Branch, "app-branch", "Branch, tag or commit", "") }
                        { field(Text::Folder, "app-folder", "Folder", "“.” is the whole repository.") }
                        { field(Text::Dockerfile, "app-dockerfile", "Dockerfile", "Below the folder.") }
                    </div>
                </div>
            </Card>
            <Card title="Running">
                <div class="form">
                    <div class="form-row even">
                        { field(Text::Port, "app-port", "Port", "Where the process listens in its container.") }
                        { field(Text::Replicas, "app-replicas", "Replicas", "Tasks that run at once.") }
                    </div>
                    <HealthFields draft={draft.clone()}/>
                    if draft.http {
                        { field(Text::HealthPath, "health-path", "Path", "GET has to answer 2xx or 3xx.") }
                    }
                </div>
            </Card>
        </>
    }
}

#[derive(PartialEq, Properties)]
struct HealthProps {
    draft: UseReducerHandle<AppDraft>,
}

#[function_component]
fn HealthFields(props: &HealthProps) -> Html {
    let segments = vec![
        Segment::new(false, "health-port", "The port answers"),
        Segment::new(true, "health-http", "A path answers"),
    ];
    let onchange = {
        let dispatcher = props.draft.dispatcher();
        Callback::from(move |http| dispatcher.dispatch(DraftAction::Http(http)))
    };
    html! { <Segmented<bool> label="A new release is healthy when" {segments} chosen={props.draft.http} {onchange}/> }
}
