//! The tab with all deployments: the newest, kept fresh, and as many older ones as were asked for.

use std::rc::Rc;

use slipway_protocol::api::ListDeployments;
use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::history::{LISTED, older_than, together};
use slipway_protocol::{ApplicationId, ClusterId};
use yew::prelude::*;

use super::AppProps;
use super::deployment_table::DeploymentTable;
use super::overview::first;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::remote::{Empty, face};
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::{Task, use_task};

/// What was loaded beside the newest. An ended deployment does not change any more.
#[derive(Clone, Default, PartialEq)]
struct Older {
    views: Rc<Vec<DeploymentView>>,
    /// Before which number there may be more, once something was loaded.
    next: Option<u32>,
    loaded: bool,
}

impl Older {
    /// Before which number there may be more than is shown.
    fn next(&self, newest: &[DeploymentView]) -> Option<u32> {
        if self.loaded {
            self.next
        } else {
            older_than(newest)
        }
    }

    /// With one page more, which was asked for before `number`. An agent that knows of no older ones answers with the newest.
    fn with(&self, newest: &[DeploymentView], number: u32, mut page: Vec<DeploymentView>) -> Self {
        page.retain(|one| one.number < number);
        let is_full = page.len() >= LISTED as usize;
        let next = page.last().filter(|_| is_full).map(|last| last.number);
        // What is among the newest now stays here when others push it out of there.
        let known = together(newest, &self.views);
        Self {
            views: Rc::new(together(&known, &page)),
            next,
            loaded: true,
        }
    }
}

#[function_component]
pub fn Deployments(props: &AppProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let older = use_state_eq(Older::default);
    let serving = props.app.serving.as_ref().map(|serving| serving.id);
    face(&props.deployments, "the right to read deployments", |newest| {
        if newest.is_empty() {
            return html! {
                <Empty title="Never deployed" text={format!("{} Each deployment is listed here.", first(&props.app.settings.source))}/>
            };
        }
        let more = older.next(newest).map(|number| {
            let onclick = load(&task, context.id(), props.app.id, &older, newest, number);
            html! { <Button id="deployments-older" label="Load older" look={Look::Plain} busy={task.busy()} acts=true {onclick}/> }
        });
        html! {
            <>
                <Card>
                    <DeploymentTable deployments={together(newest, &older.views)} {serving} stopped={props.app.stopped}/>
                </Card>
                { more.unwrap_or_default() }
                <FormError failure={task.failure()}/>
            </>
        }
    })
}

/// What the button does: the page before this number is loaded.
fn load(
    task: &Task,
    cluster: ClusterId,
    application: ApplicationId,
    older: &UseStateHandle<Older>,
    newest: &[DeploymentView],
    number: u32,
) -> Callback<()> {
    let (task, older, newest) = (task.clone(), older.clone(), newest.to_vec());
    Callback::from(move |()| {
        let (older, newest) = (older.clone(), newest.clone());
        task.run(async move {
            let page = shell::api(cluster, ListDeployments::before(application, number)).await?;
            older.set(older.with(&newest, number, page));
            Ok(())
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployments(numbers: impl IntoIterator<Item = u32>) -> Vec<DeploymentView> {
        let view = |number: u32| {
            let id = format!("018f0000-0000-7000-8000-{number:012}");
            let view = json!({
                "id": id, "application": id, "number": number, "status": "failed", "trigger": { "kind": "deploy" },
                "requested_by": "a@example.org", "commit": null, "image": null, "failure": null, "steps": [],
                "created_at": "2026-01-02T03:04:05Z", "started_at": null, "ended_at": null, "can_roll_back_to": false
            });
            serde_json::from_value(view).unwrap()
        };
        numbers.into_iter().map(view).collect()
    }

    /// FR-DEP-13: older deployments are loaded page by page until the first one, and newer ones push none of them out.
    #[test]
    fn older_ones_are_loaded_to_the_first() {
        let newest = deployments((51..=150).rev());
        let none = Older::default();
        assert_eq!(none.next(&newest), Some(51));
        let all = none.with(&newest, 51, deployments((1..=50).rev()));
        assert_eq!(all.next(&newest), None);
        // Two more were asked for meanwhile.
        let later = deployments((53..=152).rev());
        assert_eq!(together(&later, &all.views).len(), 152);
        let long = none.with(&newest, 500, deployments((400..500).rev()));
        assert_eq!(long.next(&newest), Some(400));
    }

    /// FR-DEP-13: an agent that knows of no older ones has none, and is not asked for ever.
    #[test]
    fn an_earlier_agent_has_no_older_ones() {
        let newest = deployments((51..=150).rev());
        let loaded = Older::default().with(&newest, 51, newest.clone());
        assert_eq!(loaded.next(&newest), None);
        assert_eq!(loaded.views.len(), 100);
    }
}
