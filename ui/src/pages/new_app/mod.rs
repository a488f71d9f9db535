//! A new application: its settings, its variables, its domain. It is created in that order; nothing runs until it is deployed.

mod create;

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use slipway_protocol::application::NewApplication;
use slipway_protocol::project::ProjectView;
use slipway_protocol::{Action, ApplicationId, ApplicationName, EnvironmentId, HostName, Resource};
use yew::prelude::*;

use self::create::{Variables, add, application, parse_variables};
use super::registry_sign_in::RegistrySignIn;
use super::settings_form::{
    Draft, Form, IMAGE, LeftDraft, Section, come_back_over, fill_new, is_image, read, running_basics,
    use_form,
};
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::field::{Area, Field, complaint, into_state};
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::remote::{Empty, Forbidden, face};
use crate::route::{Here, Page, Tab};
use crate::state::alive::use_alive;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::drafts::{self, Lasting};
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct NewAppProps {
    pub environment: EnvironmentId,
}

/// What was typed and not sent yet.
#[derive(Clone, PartialEq)]
struct Typed {
    settings: Draft,
    name: String,
    variables: String,
    domain: String,
    /// What an earlier attempt has created already: trying again goes on from there.
    created: Option<ApplicationId>,
}

impl Typed {
    fn nothing() -> Self {
        Self {
            settings: fill_new(),
            name: String::new(),
            variables: String::new(),
            domain: String::new(),
            created: None,
        }
    }

    /// It was sent and came as far as this. Whoever has left the page finds that there, where it is still what was sent; what has been typed
    /// since stays as it is.
    fn came_to(&self, key: &str, rest: Option<Self>) {
        if drafts::kept::<Self>(key).as_ref() == Some(self) {
            drafts::keep_lasting(key, rest);
        }
    }
}

/// What of it is on disk: not its variables.
#[derive(PartialEq, Serialize, Deserialize)]
struct LeftTyped {
    settings: LeftDraft,
    name: String,
    domain: String,
    created: Option<ApplicationId>,
}

impl Lasting for Typed {
    type Left = LeftTyped;

    fn leave(&self) -> Option<LeftTyped> {
        let left = |typed: &Self| {
            Some(LeftTyped {
                settings: typed.settings.leave()?,
                name: typed.name.clone(),
                domain: typed.domain.clone(),
                created: typed.created,
            })
        };
        let now = left(self)?;
        (now != left(&Self::nothing())?).then_some(now)
    }

    fn come_back(left: LeftTyped) -> Self {
        Self {
            settings: come_back_over(left.settings, &fill_new()),
            name: left.name,
            variables: String::new(),
            domain: left.domain,
            created: left.created,
        }
    }
}

/// Beside the button, where what is typed is from an earlier start.
const OF_BEFORE: &str = "This is from before the app was started anew, which keeps no variables, commands, build arguments and labels. Nothing runs until you \
    deploy it.";

#[function_component]
pub fn NewAppPage(props: &NewAppProps) -> Html {
    let context = use_cluster();
    let strict = use_state_eq(|| false);
    let key = drafts::key(context.id(), "new application", props.environment);
    let of_before = *use_memo((), |()| drafts::is_of_before(&key));
    let left = use_memo((), |()| {
        drafts::kept_lasting::<Typed>(&key).unwrap_or_else(Typed::nothing)
    });
    let settings = left.settings.clone();
    let form = use_form(move || settings, *strict).allowed(
        true,
        context.may(Resource::Node, Action::Write),
        &fill_new(),
    );
    let name = use_state(|| left.name.clone());
    let variables = use_state(|| left.variables.clone());
    let domain = use_state(|| left.domain.clone());
    let created = use_state(|| left.created);
    let typed = Typed {
        settings: form.draft().clone(),
        name: (*name).clone(),
        variables: (*variables).clone(),
        domain: (*domain).clone(),
        created: *created,
    };
    {
        let (key, typed) = (key.clone(), typed.clone());
        use_effect_with(typed, move |typed| {
            drafts::keep_lasting(&key, (*typed != Typed::nothing()).then(|| typed.clone()));
        });
    }
    let task = use_task();
    let alive = use_alive();
    let parsed = parse_variables(&variables);
    let host = domain.trim().to_owned();
    let parsed_name = ApplicationName::parse(name.trim());
    let name_error = complaint(name.trim(), *strict, parsed_name.clone());
    let host_error = complaint(&host, false, HostName::parse(&host));
    let variables_error = parsed.as_ref().err().cloned().map(AttrValue::from);
    let onsubmit = {
        let (form, task, context) = (form.clone(), task.clone(), context.clone());
        let (strict, created, environment) = (strict.setter(), created.clone(), props.environment);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            strict.set(true);
            let Some(wanted) = wanted(parsed_name.clone().ok(), &form, parsed.as_ref().ok(), &host) else {
                return;
            };
            let (created, context, key) = (created.clone(), context.clone(), key.clone());
            let (here, alive, sent) = (Here::now(), Rc::clone(&alive), typed.clone());
            task.run(async move {
                let id = application(context.id(), environment, wanted.new, *created).await?;
                if let Err(failure) = add(context.id(), id, wanted.variables, wanted.host).await {
                    let rest = Typed {
                        created: Some(id),
                        ..sent.clone()
                    };
                    sent.came_to(&key, Some(rest));
                    created.set(Some(id));
                    return Err(failure);
                }
                sent.came_to(&key, None);
                context.reload();
                if alive.get() {
                    drafts::keep::<Typed>(&key, None);
                    here.go(context.route(Page::App(id, Tab::Overview)));
                }
                Ok(())
            });
        })
    };
    let name_hint = match *created {
        None => "Lower-case letters, digits and hyphens. It stays.",
        Some(_) => "It is created; what you change here is added to it. Cancel leaves it as it is.",
    };
    let environment = props.environment;
    let crumbs = crumbs(&context, environment);
    let cancel = {
        let context = context.clone();
        Callback::from(move |()| {
            drafts::keep::<Typed>(&drafts::key(context.id(), "new application", environment), None);
            context.go(Page::Home);
        })
    };
    let view = |_: &Vec<ProjectView>| {
        if context.place(environment).is_none() {
            return gone(&context);
        }
        html! {
            <form {onsubmit}>
                <Card title="Source">
                    <div class="form">
                        <Field id="app-name" label="Name" value={(*name).clone()} onchange={into_state(&name)} error={name_error} mono=true
                            autofocus=true disabled={created.is_some()} hint={name_hint}/>
                        { Section::Source.view(&form) }
                    </div>
                    if is_image(&form) { <RegistrySignIn image={form.choice(IMAGE).to_owned()}/> }
                </Card>
                if !is_image(&form) { <Card title="Build"><div class="form">{ Section::Build.view(&form) }</div></Card> }
                <Card title="Running" note="everything else is set later, with its defaults until then">
                    <div class="form">
                        { running_basics(&form) }
                        { Section::Health.view(&form) }
                    </div>
                </Card>
                <Card title="Reaching it" note="both can be changed later">
                    <div class="form">
                        <Field id="app-domain" label="Domain" value={(*domain).clone()} onchange={into_state(&domain)} mono=true
                            error={host_error} placeholder="shop.example.org" hint="Its DNS has to lead to the cluster. Optional."/>
                        <Area id="app-variables" label="Variables" value={(*variables).clone()} onchange={into_state(&variables)}
                            error={variables_error} placeholder="KEY=value" hint="As in .env files: KEY=value, quotes where a value needs them. They are kept as secrets."/>
                    </div>
                </Card>
                <FormError failure={task.failure()}/>
                <div class="form-actions">
                    <Button id="app-create" label="Create application" look={Look::Primary} submit=true busy={task.busy()}/>
                    <Button label="Cancel" onclick={cancel}/>
                    <span class="field-hint" data-testid="app-create-note">{ if of_before { OF_BEFORE } else { "Nothing runs until you deploy it." } }</span>
                </div>
            </form>
        }
    };
    // It stands in an environment: as long as that is not known there is nothing to fill in.
    let inside = if context.may(Resource::Application, Action::Write) {
        face(&context.projects, "the right to read projects", view)
    } else {
        html! { <Forbidden needs="the right to make applications (developer or above)"/> }
    };
    html! {
        <div class="page" data-testid="new-app-page">
            <Header {crumbs} title="New application"/>
            <div class="content narrow">{ inside }</div>
        </div>
    }
}

/// Its environment is not there.
fn gone(context: &ClusterContext) -> Html {
    let to_projects = {
        let context = context.clone();
        Callback::from(move |()| context.go(Page::Home))
    };
    html! {
        <Empty icon={Icon::Search} title="This environment is not there" text="It was deleted, or the address is not right. An application is made in an environment of a project.">
            <Button id="to-projects" label="Show all projects" look={Look::Primary} onclick={to_projects}/>
        </Empty>
    }
}

struct Wanted {
    new: NewApplication,
    variables: Variables,
    host: Option<HostName>,
}

/// All of the form, if every text is valid.
fn wanted(
    name: Option<ApplicationName>,
    form: &Form,
    variables: Option<&Variables>,
    host: &str,
) -> Option<Wanted> {
    let host = match host {
        "" => None,
        host => Some(HostName::parse(host).ok()?),
    };
    Some(Wanted {
        new: NewApplication {
            name: name?,
            settings: read(form.draft()).ok().filter(|_| form.errors.is_empty())?,
        },
        variables: variables?.clone(),
        host,
    })
}

fn crumbs(context: &ClusterContext, environment: EnvironmentId) -> Vec<Crumb> {
    let home = Some(context.route(Page::Home));
    match context.place(environment) {
        Some(place) => vec![
            Crumb::new(place.project, home),
            Crumb::new(place.environment, None),
        ],
        None => vec![Crumb::new("Projects", home)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-08, FR-CON-03: what was typed outlives the app but for the variables, and only variables leave nothing.
    #[test]
    fn variables_do_not_outlive_the_app() {
        let typed = Typed {
            variables: "TOKEN=hunter2".to_owned(),
            ..Typed::nothing()
        };
        assert!(typed.leave().is_none());
        let mut named = Typed {
            name: "web".to_owned(),
            domain: "shop.example.org".to_owned(),
            ..typed
        };
        named.settings.put("app-branch", "next");
        let text = serde_json::to_string(&named.leave()).unwrap();
        assert!(!text.contains("hunter2"));
        let back = Typed::come_back(serde_json::from_str(&text).unwrap());
        named.variables.clear();
        assert!(back == named);
    }

    /// FR-CON-08: whoever has left the page finds there what was created already, and what was typed for the next one is not taken away.
    #[test]
    fn what_was_sent_gives_way_and_nothing_else() {
        let named = |name: &str, created| Typed {
            name: name.to_owned(),
            created,
            ..Typed::nothing()
        };
        let id: ApplicationId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let (sent, half) = (named("web", None), named("web", Some(id)));
        let key = "new application of a test";
        let kept = || drafts::kept::<Typed>(key).map(|typed| (typed.name, typed.created));
        drafts::keep(key, Some(sent.clone()));
        sent.came_to(key, Some(half.clone()));
        assert_eq!(kept(), Some(("web".to_owned(), Some(id))));
        half.came_to(key, None);
        assert_eq!(kept(), None);
        drafts::keep(key, Some(named("worker", None)));
        sent.came_to(key, None);
        assert_eq!(kept(), Some(("worker".to_owned(), None)));
    }
}
