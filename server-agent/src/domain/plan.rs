//! A deployment's plan: every choice is made when it is asked for, so that running it twice cannot choose differently.

use serde::{Deserialize, Serialize};
use slipway_protocol::application::ApplicationSettings;
use slipway_protocol::deployment::{Step, Trigger};
use slipway_protocol::{ApplicationId, ApplicationName, DeploymentId};

/// Frozen in the deployment's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub application: ApplicationId,
    pub application_name: ApplicationName,
    pub settings: ApplicationSettings,
    pub steps: Vec<Step>,
    /// The Swarm service that this deployment creates.
    pub service: String,
    /// The tag of the image that it builds, or that the release it goes back to was made of.
    pub image_tag: String,
    /// A roll back takes the image with this id instead of building one.
    pub image: Option<String>,
    /// Part of the value that a request carries to reach the new tasks before any user does.
    pub probe_token: String,
    pub limits: Limits,
}

/// How long each slow part may take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub source: u64,
    pub build: u64,
    pub gate: u64,
    pub cut_over: u64,
    /// How long requests in flight may still take at the old release after the switch.
    pub drain: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source: 300,
            build: 1800,
            gate: 120,
            cut_over: 30,
            drain: 2,
        }
    }
}

/// What is known when a deployment is asked for.
pub struct Facts<'a> {
    pub instance: &'a str,
    pub deployment: DeploymentId,
    pub application: ApplicationId,
    pub application_name: ApplicationName,
    pub settings: ApplicationSettings,
    /// 256 random bits, in hexadecimal.
    pub probe_token: String,
    /// For a roll back: the target's plan and image.
    pub earlier: Option<(Plan, String)>,
}

impl Plan {
    /// Makes all choices. Pure.
    pub fn make(facts: Facts<'_>) -> Self {
        let service = service_name(facts.instance, &facts.application_name, facts.deployment);
        let (settings, image_tag, image, steps) = match facts.earlier {
            Some((plan, image)) => {
                let steps = vec![Step::Release, Step::Gate, Step::CutOver, Step::Retire];
                (plan.settings, plan.image_tag, Some(image), steps)
            }
            None => (
                facts.settings,
                image_tag(facts.instance, &facts.application_name, facts.deployment),
                None,
                Step::ALL.to_vec(),
            ),
        };
        Self {
            application: facts.application,
            application_name: facts.application_name,
            settings,
            steps,
            service,
            image_tag,
            image,
            probe_token: facts.probe_token,
            limits: Limits::default(),
        }
    }

    /// After so many steps the new release serves.
    pub fn point_of_no_return(&self) -> usize {
        self.steps
            .iter()
            .position(|step| *step == Step::CutOver)
            .map_or(self.steps.len(), |at| at + 1)
    }
}

/// The plan that runs what an earlier deployment ran: what `Trigger` asks for besides a plain deployment.
pub fn goes_back_to(trigger: &Trigger) -> Option<DeploymentId> {
    match trigger {
        Trigger::Deploy => None,
        Trigger::Rollback { to } => Some(*to),
    }
}

/// `<instance>-<application>-<12 last digits of the deployment's id>`: at most 63 characters, as Swarm demands.
fn service_name(instance: &str, application: &ApplicationName, deployment: DeploymentId) -> String {
    let id = deployment.uuid().simple().to_string();
    let room = 63_usize.saturating_sub(instance.len() + 2 + 12);
    let name: String = application.as_str().chars().take(room).collect();
    format!("{instance}-{name}-{}", &id[20..])
}

fn image_tag(instance: &str, application: &ApplicationName, deployment: DeploymentId) -> String {
    format!("{instance}/{application}:{}", deployment.uuid().simple())
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::ApplicationName;

    fn settings() -> ApplicationSettings {
        serde_json::from_value(
            serde_json::json!({ "source": { "kind": "git", "url": "/srv/a.git", "ref": "main" }, "port": 8080 }),
        )
        .unwrap()
    }

    fn facts(earlier: Option<(Plan, String)>) -> Facts<'static> {
        Facts {
            instance: "slipway",
            deployment: "018f0000-0000-7000-8000-00000000abcd".parse().unwrap(),
            application: "018f0000-0000-7000-8000-000000000001".parse().unwrap(),
            application_name: ApplicationName::parse("a-very-long-application-name-of-forty-ch").unwrap(),
            settings: settings(),
            probe_token: "token".to_owned(),
            earlier,
        }
    }

    /// FR-DEP-01: the same facts make the same plan, and its names fit Swarm's limits.
    #[test]
    fn a_plan_is_a_function_of_its_facts() {
        let plan = Plan::make(facts(None));
        assert_eq!(plan, Plan::make(facts(None)));
        assert!(
            plan.service.len() <= 63 && plan.service.ends_with("00000000abcd"),
            "{}",
            plan.service
        );
        assert_eq!(plan.point_of_no_return(), 5);
    }

    /// FR-DEP-07: a roll back builds nothing; image and settings are the earlier release's, the service is new.
    #[test]
    fn a_roll_back_takes_the_earlier_image() {
        let mut earlier = Plan::make(facts(None));
        earlier.service = "slipway-other".to_owned();
        let plan = Plan::make(facts(Some((earlier.clone(), "sha256:abc".to_owned()))));
        assert_eq!(plan.image.as_deref(), Some("sha256:abc"));
        assert_eq!(plan.steps.first(), Some(&Step::Release));
        assert_ne!(plan.service, earlier.service);
    }
}
