//! The settings tab: sections beside a list of them, one draft over all, and below what takes effect when.

mod danger;
mod deploy_url;
mod git_access;

use slipway_protocol::api::UpdateApplication;
use slipway_protocol::settings::Source;
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use self::danger::DangerZone;
use self::deploy_url::DeployUrlCard;
use self::git_access::GitAccessCard;
use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::remote::ReadOnly;
use crate::pages::registry_sign_in::RegistrySignIn;
use crate::pages::settings_form::{Draft, Form, IMAGE, Section, fill, read, use_form};
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::drafts;
use crate::state::task::use_task;
use crate::text;

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Section(Section),
    Danger,
}

#[function_component]
pub fn Settings(props: &AppProps) -> Html {
    let context = use_cluster();
    let app = &props.app;
    let place = use_state_eq(|| Place::Section(Section::Source));
    let may = context.may(Resource::Application, Action::Write);
    let stored = fill(&app.settings);
    // What the typed texts are compared with: what is stored, as far as is known here.
    let saved = {
        let stored = stored.clone();
        use_state_eq(|| stored)
    };
    let key = drafts::key(context.id(), "settings", app.id);
    let of_before = use_state_eq(|| drafts::is_of_before(&key));
    let form = {
        let (key, stored) = (key.clone(), stored.clone());
        let node = context.may(Resource::Node, Action::Write);
        use_form(move || left_before(&key, &stored), true).allowed(may, node, &saved)
    };
    let typed = (form.draft().clone(), (*saved).clone());
    let of_now = of_before.setter();
    use_effect_with(typed, move |(typed, saved)| {
        if typed == saved {
            // What is typed from here on is of this start.
            of_now.set(false);
        }
        drafts::keep_lasting(&key, (typed != saved).then(|| (saved.clone(), typed.clone())));
    });
    {
        let (form, saved) = (form.clone(), saved.clone());
        use_effect_with(stored, move |now| {
            form.rebase(&saved, now);
            saved.set(now.clone());
        });
    }
    let onsaved = {
        let (form, saved) = (form.clone(), saved.setter());
        Callback::from(move |(sent, now): (Draft, Draft)| {
            form.rebase(&sent, &now);
            saved.set(now);
        })
    };
    let saved = (*saved).clone();
    let go = |to: Place| {
        let place = place.setter();
        Callback::from(move |_: MouseEvent| place.set(to))
    };
    let inside = match *place {
        Place::Section(section) => html! {
            <Fields form={form.clone()} saved={saved.clone()} of_before={*of_before} {section} {may} {onsaved} props={props.clone()}/>
        },
        Place::Danger => html! { <DangerZone ..props.clone()/> },
    };
    let entry = |to: Place, id: &'static str, title: &'static str, mark: Html| {
        let chosen = *place == to;
        html! {
            <button type="button" class={classes!("nav-item", chosen.then_some("chosen"))} data-testid={format!("settings-{id}")}
                aria-current={chosen.then_some("true")} onclick={go(to)}>
                <span>{ title }</span>{ mark }
            </button>
        }
    };
    html! {
        <div class="sections">
            <nav class="sections-nav" aria-label="Sections of the settings">
                { for Section::ALL.into_iter().map(|section| {
                    entry(Place::Section(section), section.as_str(), section.title(), mark(section, &form, &saved))
                }) }
                { entry(Place::Danger, "danger", "Danger zone", html! {}) }
            </nav>
            <div class="sections-page">{ inside }</div>
        </div>
    }
}

/// What was typed when the page was left, over what is saved now.
fn left_before(key: &str, now: &Draft) -> Draft {
    match drafts::kept_lasting::<(Draft, Draft)>(key) {
        Some((then, typed)) => typed.rebased(&then, now),
        None => now.clone(),
    }
}

/// What a section's entry says of what is typed there.
fn mark(section: Section, form: &Form, saved: &Draft) -> Html {
    if section.is_wrong(&form.errors) {
        return html! { <span class="mark bad" title="Something here is not valid">{ "!" }</span> };
    }
    match section.changed(saved, form.draft()) {
        0 => html! {},
        count => html! { <span class="mark" title="Changed and not saved">{ count }</span> },
    }
}

#[derive(PartialEq, Properties)]
struct FieldsProps {
    form: Form,
    /// The settings as they are stored.
    saved: Draft,
    /// What is typed was typed in an earlier start of the app.
    of_before: bool,
    section: Section,
    may: bool,
    /// With what was sent, and what is stored now.
    onsaved: Callback<(Draft, Draft)>,
    props: AppProps,
}

#[function_component]
fn Fields(props: &FieldsProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let done = use_state_eq(|| false);
    let (form, app) = (&props.form, &props.props.app);
    let changed: usize = Section::ALL
        .into_iter()
        .map(|section| section.changed(&props.saved, form.draft()))
        .sum();
    let onsubmit = {
        let (form, task, done, reload) = (
            form.clone(),
            task.clone(),
            done.setter(),
            props.props.reload.clone(),
        );
        let onsaved = props.onsaved.clone();
        let (cluster, application) = (context.id(), app.id);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Ok(body) = read(form.draft()) else {
                return;
            };
            let sent = form.draft().clone();
            let (onsaved, done, reload) = (onsaved.clone(), done.clone(), reload.clone());
            done.set(false);
            task.run(async move {
                let view = shell::api(cluster, UpdateApplication { application, body }).await?;
                onsaved.emit((sent, fill(&view.settings)));
                done.set(true);
                reload.emit(());
                Ok(())
            });
        })
    };
    let discard = {
        let (form, saved) = (form.clone(), props.saved.clone());
        Callback::from(move |()| form.replace(saved.clone()))
    };
    let hint = if !props.may {
        Some(FOR_DEVELOPERS)
    } else if changed == 0 {
        Some("Nothing is changed")
    } else if !form.errors.is_empty() {
        Some("Something is not valid: the section is marked on the left")
    } else {
        None
    };
    let said = match changed {
        0 if *done => {
            "Saved. What changed waits for a deployment or a reload; the overview shows its plan.".to_owned()
        }
        0 => "A change here waits for a deployment or a reload.".to_owned(),
        count => {
            let before = if props.of_before {
                " from before the app was started anew, which keeps no commands, build arguments and labels"
            } else {
                ""
            };
            format!(
                "{} not saved{before}. Saved, it waits for a deployment or a reload.",
                text::count(count, "setting is", "settings are")
            )
        }
    };
    html! {
        <>
            if !props.may { <ReadOnly what="settings" needs="developer, admin or owner"/> }
            <form {onsubmit}>
                <Card title={props.section.title()} note="waits for a deployment">
                    <div class="form">{ props.section.view(form) }</div>
                </Card>
                <FormError failure={task.failure()}/>
                <div class="form-actions save-bar">
                    <Button id="settings-save" label="Save" look={Look::Primary} submit=true busy={task.busy()} disabled={hint.is_some()} {hint}/>
                    <Button id="settings-discard" label="Discard" onclick={discard} disabled={changed == 0}
                        hint={(changed == 0).then_some("Nothing is changed")}/>
                    <span class="field-hint" role="status" data-testid="settings-state">{ said }</span>
                </div>
            </form>
            if props.section == Section::Source { { beside_the_source(props) } }
        </>
    }
}

/// What belongs to the source: credentials, and the address that asks for a deployment.
fn beside_the_source(props: &FieldsProps) -> Html {
    let app = &props.props.app;
    let access = match &app.settings.source {
        Source::Git(_) => html! { <GitAccessCard {app}/> },
        Source::Image(_) => html! { <Card title="Access" note="takes effect at once">
            <RegistrySignIn image={props.form.choice(IMAGE).to_owned()}/>
        </Card> },
        Source::Upload(_) => html! {},
    };
    html! {
        <>
            { access }
            <DeployUrlCard {app}/>
        </>
    }
}
