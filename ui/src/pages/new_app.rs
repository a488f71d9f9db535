//! A new application: its settings, its variables, its domain. It is created in that order; nothing runs until it is deployed.

use std::cell::Cell;
use std::rc::Rc;

use slipway_protocol::api::{CreateApplication, CreateDomain, SetVariable};
use slipway_protocol::application::NewApplication;
use slipway_protocol::desktop::Failure;
use slipway_protocol::domain::NewDomain;
use slipway_protocol::variable;
use slipway_protocol::{
    ApplicationId, ClusterId, EnvironmentId, HostName, Scope, Secret, UrlPath, VariableKey,
};
use yew::prelude::*;

use super::app_draft::AppDraft;
use super::app_fields::AppFields;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::field::{Area, Field, complaint, into_state};
use crate::components::header::{Crumb, Header};
use crate::route::{Page, Tab};
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct NewAppProps {
    pub environment: EnvironmentId,
}

#[function_component]
pub fn NewAppPage(props: &NewAppProps) -> Html {
    let context = use_cluster();
    let draft = use_reducer(AppDraft::default);
    let variables = use_state(String::new);
    let domain = use_state(String::new);
    let strict = use_state_eq(|| false);
    let task = use_task();
    // What an earlier attempt has already created: trying again goes on from there.
    let created: Rc<Cell<Option<ApplicationId>>> = use_memo((), |()| Cell::new(None));
    let parsed = parse_variables(&variables);
    let host = domain.trim().to_owned();
    let host_error = complaint(&host, false, HostName::parse(&host));
    let variables_error = parsed.as_ref().err().cloned().map(AttrValue::from);
    let onsubmit = {
        let (draft, task, context) = (draft.clone(), task.clone(), context.clone());
        let (strict, environment) = (strict.setter(), props.environment);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            strict.set(true);
            let Some(wanted) = wanted(&draft, parsed.as_ref().ok(), &host) else {
                return;
            };
            let (created, context) = (Rc::clone(&created), context.clone());
            task.run(async move {
                let id = create(context.id(), environment, wanted, &created).await?;
                context.reload();
                context.go(Page::App(id, Tab::Overview));
                Ok(())
            });
        })
    };
    let crumbs = crumbs(&context, props.environment);
    let cancel = Callback::from(move |()| context.go(Page::Home));
    html! {
        <div class="page" data-testid="new-app-page">
            <Header {crumbs} title="New application"/>
            <div class="content narrow">
                <form {onsubmit}>
                    <AppFields {draft} named=true strict={*strict}/>
                    <Card title="Reaching it" note="both can be changed later">
                        <div class="form">
                            <Field id="app-domain" label="Domain" value={(*domain).clone()} onchange={into_state(&domain)} mono=true
                                error={host_error} placeholder="shop.example.org" hint="Its DNS has to lead to the cluster. Optional."/>
                            <Area id="app-variables" label="Variables" value={(*variables).clone()} onchange={into_state(&variables)}
                                error={variables_error} placeholder="KEY=value" hint="One KEY=value per line. Values cannot be read back."/>
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
fn wanted(draft: &AppDraft, variables: Option<&Variables>, host: &str) -> Option<Wanted> {
    let host = match host {
        "" => None,
        host => Some(HostName::parse(host).ok()?),
    };
    Some(Wanted {
        new: NewApplication {
            name: draft.application_name()?,
            settings: draft.settings()?,
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

async fn create(
    cluster: ClusterId,
    environment: EnvironmentId,
    wanted: Wanted,
    created: &Cell<Option<ApplicationId>>,
) -> Result<ApplicationId, Failure> {
    let application = match created.get() {
        Some(id) => id,
        None => {
            let body = wanted.new;
            shell::api(cluster, CreateApplication { environment, body })
                .await?
                .id
        }
    };
    created.set(Some(application));
    for (key, value) in wanted.variables {
        let value = Secret::new(value);
        let (scope, body) = (
            Scope::Application(application),
            variable::SetVariable::new(key, value),
        );
        shell::api(cluster, SetVariable { scope, body })
            .await
            .map_err(half_done)?;
    }
    if let Some(host) = wanted.host {
        // A constant that parses.
        if let Ok(path) = UrlPath::parse("/") {
            let body = NewDomain { host, path };
            shell::api(cluster, CreateDomain { application, body })
                .await
                .map_err(half_done)?;
        }
    }
    Ok(application)
}

fn half_done(mut failure: Failure) -> Failure {
    failure.sentence = format!(
        "The application was created, but not all that belongs to it: {}",
        failure.sentence
    );
    failure
}

/// `KEY=value` per line; empty lines and those with `#` in front are left out.
fn parse_variables(text: &str) -> Result<Variables, String> {
    let mut variables = Variables::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |what: String| format!("Line {}: {what}", index + 1);
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| at("it needs the form KEY=value".to_owned()))?;
        let key = VariableKey::parse(key.trim()).map_err(|error| at(error.to_string()))?;
        variables.push((key, value.to_owned()));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CFG-01: a value keeps every character of its line.
    #[test]
    fn variables_are_taken_as_they_are() {
        let parsed = parse_variables("A=1\n\n# note\nB_2= a=b \n").unwrap();
        let plain: Vec<_> = parsed
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(plain, [("A", "1"), ("B_2", " a=b ")]);
        assert!(parse_variables("A").unwrap_err().starts_with("Line 1"));
        assert!(parse_variables("A=1\n2=3").unwrap_err().starts_with("Line 2"));
    }
}
