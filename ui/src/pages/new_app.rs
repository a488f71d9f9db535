//! A new application: its settings, its variables, its domain. It is created in that order; nothing runs until it is deployed.

use slipway_protocol::api::{CreateApplication, CreateDomain, SetVariable, UpdateApplication};
use slipway_protocol::application::NewApplication;
use slipway_protocol::desktop::Failure;
use slipway_protocol::domain::NewDomain;
use slipway_protocol::variable;
use slipway_protocol::{
    ApplicationId, ApplicationName, ClusterId, EnvironmentId, HostName, Scope, Secret, UrlPath, VariableKey,
    dotenv,
};
use yew::prelude::*;

use super::registry_sign_in::RegistrySignIn;
use super::settings_form::{Draft, Form, IMAGE, Section, fill_new, is_image, read, running_basics, use_form};
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::field::{Area, Field, complaint, into_state};
use crate::components::header::{Crumb, Header};
use crate::route::{Here, Page, Tab};
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::drafts;
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
}

#[function_component]
pub fn NewAppPage(props: &NewAppProps) -> Html {
    let context = use_cluster();
    let strict = use_state_eq(|| false);
    let key = drafts::key(context.id(), "new application", props.environment);
    let left = use_memo((), |()| {
        drafts::kept::<Typed>(&key).unwrap_or_else(Typed::nothing)
    });
    let settings = left.settings.clone();
    let form = use_form(move || settings, *strict);
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
        let key = key.clone();
        use_effect_with(typed, move |typed| {
            drafts::keep(&key, (*typed != Typed::nothing()).then(|| typed.clone()));
        });
    }
    let task = use_task();
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
            let here = Here::now();
            task.run(async move {
                let id = application(context.id(), environment, wanted.new, *created).await?;
                if let Err(failure) = add(context.id(), id, wanted.variables, wanted.host).await {
                    created.set(Some(id));
                    return Err(failure);
                }
                drafts::keep::<Typed>(&key, None);
                context.reload();
                here.go(context.route(Page::App(id, Tab::Overview)));
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
    let cancel = Callback::from(move |()| {
        drafts::keep::<Typed>(&drafts::key(context.id(), "new application", environment), None);
        context.go(Page::Home);
    });
    html! {
        <div class="page" data-testid="new-app-page">
            <Header {crumbs} title="New application"/>
            <div class="content narrow">
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
                        <span class="field-hint">{ "Nothing runs until you deploy it." }</span>
                    </div>
                </form>
            </div>
        </div>
    }
}

type Variables = Vec<(VariableKey, String)>;

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
            settings: read(form.draft()).ok()?,
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

/// The new application; or that of an earlier attempt, with what was corrected since.
async fn application(
    cluster: ClusterId,
    environment: EnvironmentId,
    new: NewApplication,
    created: Option<ApplicationId>,
) -> Result<ApplicationId, Failure> {
    let made = match created {
        None => {
            let body = new;
            shell::api(cluster, CreateApplication { environment, body }).await?
        }
        Some(application) => {
            let body = new.settings;
            shell::api(cluster, UpdateApplication { application, body }).await?
        }
    };
    Ok(made.id)
}

async fn add(
    cluster: ClusterId,
    application: ApplicationId,
    variables: Variables,
    host: Option<HostName>,
) -> Result<(), Failure> {
    for (key, value) in variables {
        let value = Secret::new(value);
        let (scope, body) = (
            Scope::Application(application),
            variable::SetVariable::new(key, value),
        );
        shell::api(cluster, SetVariable { scope, body })
            .await
            .map_err(half_done)?;
    }
    if let Some(host) = host {
        // A constant that parses.
        if let Ok(path) = UrlPath::parse("/") {
            let body = NewDomain { host, path };
            shell::api(cluster, CreateDomain { application, body })
                .await
                .map_err(half_done)?;
        }
    }
    Ok(())
}

fn half_done(mut failure: Failure) -> Failure {
    failure.sentence = format!(
        "The application was created, but not all that belongs to it: {}",
        failure.sentence
    );
    failure
}

/// The variables of a text in the form of `.env` files; each has to have a value.
fn parse_variables(text: &str) -> Result<Variables, String> {
    let entries = dotenv::parse(text).map_err(|error| format!("{error}."))?;
    let valued = |entry: dotenv::Entry| match entry.value {
        Some(value) => Ok((entry.key, value.into_exposed())),
        None => Err(format!("{} has no value; write {}=value.", entry.key, entry.key)),
    };
    entries.into_iter().map(valued).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CFG-02: the text is read as `.env` files are, here as everywhere.
    #[test]
    fn variables_are_read_as_env_files_are() {
        let parsed = parse_variables("A=1\n\n# note\nexport B_2='a=b\n c' # why\n").unwrap();
        let plain: Vec<_> = parsed
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(plain, [("A", "1"), ("B_2", "a=b\n c")]);
        assert!(parse_variables("A").unwrap_err().starts_with("A has no value"));
        assert!(parse_variables("A=1\n2=3").unwrap_err().starts_with("Line 2"));
    }
}
