//! A deployment's plan: every choice is made when it is asked for, so that running it twice cannot choose differently.

mod consequences;
mod longest;
mod revision;
mod source;
mod way;

use serde::{Deserialize, Serialize};
use slipway_protocol::deployment::{Step, Trigger, Way};
use slipway_protocol::head::Head;
use slipway_protocol::settings::{ApplicationSettings, Source};
use slipway_protocol::{ApplicationId, ApplicationName, DeploymentId};

pub use consequences::{Snapshot, consequences};
pub use revision::{Verdict, judge, names_a_head, revision};
pub use source::{Found, Question, Served, question};
pub use way::{Choice, choose, writes_to_what_stays};

/// Frozen in the deployment's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub application: ApplicationId,
    pub application_name: ApplicationName,
    pub settings: ApplicationSettings,
    pub steps: Vec<Step>,
    #[serde(default)]
    pub way: Way,
    /// Why it is this way, in one sentence.
    #[serde(default)]
    pub because: String,
    /// The Swarm service that this deployment creates, or the earlier one that runs again.
    pub service: String,
    /// The deployment that made that service, where it is not this one: its tasks carry that id.
    #[serde(default)]
    pub tasks_of: Option<DeploymentId>,
    /// The tag of the image that it builds, or that the release it goes back to was made of.
    pub image_tag: String,
    /// The id of the image, where none is built.
    pub image: Option<String>,
    /// What is taken of the source, where the plan that somebody looked at has named it; else what its name stands for when it is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
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
    /// How long healthy tasks have to stay up after that.
    #[serde(default)]
    pub watch: u64,
    pub cut_over: u64,
    /// How long requests in flight may still take at the old release after the switch.
    pub drain: u64,
    /// How long the old release keeps running after that.
    #[serde(default)]
    pub warm: u64,
    /// How long a command before or after the release may take.
    #[serde(default = "hook_limit")]
    pub hook: u64,
}

impl Limits {
    fn of(settings: &ApplicationSettings) -> Self {
        let (rollout, hooks) = (&settings.rollout, &settings.hooks);
        Self {
            source: 300,
            build: 1800,
            gate: u64::from(rollout.gate.get()),
            watch: u64::from(rollout.watch.get()),
            cut_over: 30,
            drain: u64::from(rollout.drain.get()),
            warm: u64::from(rollout.warm.get()),
            hook: hooks
                .limit
                .map_or_else(hook_limit, |limit| u64::from(limit.get())),
        }
    }
}

fn hook_limit() -> u64 {
    1800
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
    pub origin: Origin,
}

/// What the release is made of.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The application's source.
    Source,
    /// An image that the server has.
    Image { tag: String, id: String },
    /// The service of an earlier release, as it is.
    Service {
        plan: Box<Plan>,
        image: String,
        made_by: DeploymentId,
    },
}

impl Plan {
    /// Makes all choices. Pure.
    pub fn make(facts: Facts<'_>) -> Self {
        let Choice { way, because } = choose(&facts.settings);
        let fresh_service = service_name(facts.instance, &facts.application_name, facts.deployment);
        let fresh_tag = image_tag(facts.instance, &facts.application_name, facts.deployment);
        let steps = steps(&facts.settings, &facts.origin, way);
        let (service, tasks_of, image_tag, image) = match facts.origin {
            Origin::Source => (fresh_service, None, fresh_tag, None),
            Origin::Image { tag, id } => (fresh_service, None, tag, Some(id)),
            Origin::Service { plan, image, made_by } => {
                (plan.service, Some(made_by), plan.image_tag, Some(image))
            }
        };
        Self {
            application: facts.application,
            application_name: facts.application_name,
            limits: Limits::of(&facts.settings),
            settings: facts.settings,
            steps,
            way,
            because,
            service,
            tasks_of,
            image_tag,
            image,
            head: None,
            probe_token: facts.probe_token,
        }
    }

    /// The same, of exactly this state of its source.
    pub fn taking(mut self, head: Option<Head>) -> Self {
        self.head = head;
        self
    }

    /// After so many steps the new release serves.
    pub fn point_of_no_return(&self) -> usize {
        self.steps
            .iter()
            .position(|step| *step == Step::CutOver)
            .map_or(self.steps.len(), |at| at + 1)
    }

    /// The deployment whose id the tasks of this plan's service carry. `own` is the plan's deployment.
    pub fn tasks_of(&self, own: DeploymentId) -> DeploymentId {
        self.tasks_of.unwrap_or(own)
    }

    /// More tasks of the service that serves already, and nothing else.
    pub fn is_in_place(&self) -> bool {
        self.because == MORE_TASKS
    }

    /// How many tasks the gate waits for: a rolling release begins with one.
    pub fn first_tasks(&self) -> u16 {
        match self.way {
            Way::Rolling if self.steps.contains(&Step::Roll) => 1,
            Way::Rolling | Way::BlueGreen | Way::Canary | Way::Recreate => self.settings.replicas.get(),
        }
    }
}

fn steps(settings: &ApplicationSettings, origin: &Origin, way: Way) -> Vec<Step> {
    let mut steps = Vec::new();
    let new_image = matches!(origin, Origin::Source);
    if new_image {
        if !matches!(settings.source, Source::Image(_)) {
            steps.push(Step::Source);
        }
        steps.push(Step::Build);
    }
    // A migration belongs to a new image; one that has served before has had its own.
    let before = settings
        .hooks
        .before
        .as_ref()
        .filter(|_| new_image)
        .map(|_| Step::Before);
    let stop = (way == Way::Recreate).then_some(Step::Stop);
    // It has the release's volumes: what the old release still writes to is not opened beside it.
    if writes_to_what_stays(settings) {
        steps.extend([stop, before].into_iter().flatten());
    } else {
        steps.extend([before, stop].into_iter().flatten());
    }
    steps.extend([Step::Release, Step::Gate]);
    match way {
        Way::Canary => steps.push(Step::Canary),
        Way::Rolling => steps.push(Step::Roll),
        Way::BlueGreen | Way::Recreate => {}
    }
    steps.extend([Step::CutOver, Step::Retire]);
    if new_image {
        steps.extend(settings.hooks.after.as_ref().map(|_| Step::After));
    }
    steps
}

const MORE_TASKS: &str = "more tasks of the release that serves are started and none is stopped";

/// More tasks of the very service that serves: nothing is stopped, so no way has to be chosen.
pub fn in_place(mut plan: Plan) -> Plan {
    plan.steps = vec![Step::Release, Step::Gate, Step::CutOver, Step::Retire];
    plan.way = Way::BlueGreen;
    plan.because = MORE_TASKS.to_owned();
    plan
}

const ADOPTED: &str =
    "what was changed outside Slipway was taken over as it runs, and nothing was started or stopped";

/// The release that serves with what was changed of it outside Slipway: its service is so already, and nothing is to be done. `own` is the
/// deployment whose plan it was.
pub fn adopted(plan: Plan, own: DeploymentId, image: String, settings: ApplicationSettings) -> Plan {
    Plan {
        tasks_of: Some(plan.tasks_of(own)),
        image: Some(image),
        settings,
        steps: Vec::new(),
        way: Way::BlueGreen,
        because: ADOPTED.to_owned(),
        ..plan
    }
}

/// Waiting deployments are taken in this order, the largest first: what mends a mistake before what may make one.
pub fn priority(trigger: &Trigger) -> i16 {
    match trigger {
        Trigger::Rollback { .. } => 3,
        Trigger::Scale { .. } | Trigger::Restart | Trigger::Reload | Trigger::Adopt => 2,
        Trigger::Deploy | Trigger::Redeploy => 1,
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
    use slipway_protocol::settings::{CommandLimit, CommandLine, Strategy};

    fn settings() -> ApplicationSettings {
        serde_json::from_value(
            serde_json::json!({ "source": { "kind": "git", "url": "/srv/a.git", "ref": "main" }, "port": 8080 }),
        )
        .unwrap()
    }

    fn plan(settings: ApplicationSettings, origin: Origin) -> Plan {
        Plan::make(Facts {
            instance: "slipway",
            deployment: "018f0000-0000-7000-8000-00000000abcd".parse().unwrap(),
            application: "018f0000-0000-7000-8000-000000000001".parse().unwrap(),
            application_name: ApplicationName::parse("a-very-long-application-name-of-forty-ch").unwrap(),
            settings,
            probe_token: "token".to_owned(),
            origin,
        })
    }

    /// FR-DEP-01: the same facts make the same plan, and its names fit Swarm's limits.
    #[test]
    fn a_plan_is_a_function_of_its_facts() {
        let made = plan(settings(), Origin::Source);
        assert_eq!(made, plan(settings(), Origin::Source));
        assert!(
            made.service.len() <= 63 && made.service.ends_with("00000000abcd"),
            "{}",
            made.service
        );
        assert_eq!(made.point_of_no_return(), 5);
    }

    /// FR-DEP-07: a roll back builds nothing; image and service are the earlier release's own.
    #[test]
    fn a_roll_back_runs_the_earlier_service() {
        let mut earlier = plan(settings(), Origin::Source);
        earlier.service = "slipway-other".to_owned();
        let made_by: DeploymentId = "018f0000-0000-7000-8000-000000000009".parse().unwrap();
        let origin = Origin::Service {
            plan: Box::new(earlier),
            image: "sha256:abc".to_owned(),
            made_by,
        };
        let back = plan(settings(), origin);
        assert_eq!(back.image.as_deref(), Some("sha256:abc"));
        assert_eq!(back.steps.first(), Some(&Step::Release));
        assert_eq!(
            (back.service.as_str(), back.tasks_of),
            ("slipway-other", Some(made_by))
        );
    }

    /// FR-DEP-15: what is taken over is the same release in the same service with other settings, and has nothing to do.
    #[test]
    fn what_is_adopted_runs_already() {
        let own: DeploymentId = "018f0000-0000-7000-8000-00000000abcd".parse().unwrap();
        let before = plan(settings(), Origin::Source);
        let mut changed = settings();
        changed.container.init = false;
        let after = adopted(before.clone(), own, "sha256:abc".to_owned(), changed.clone());
        assert_eq!((&after.service, after.tasks_of), (&before.service, Some(own)));
        assert_eq!(
            (&after.settings, after.image.as_deref()),
            (&changed, Some("sha256:abc"))
        );
        assert!(after.steps.is_empty() && !after.is_in_place());
    }

    /// FR-DEP-09: a command around a release has the time that the settings give it, or half an hour.
    #[test]
    fn commands_have_their_time() {
        let mut settings = settings();
        assert_eq!(plan(settings.clone(), Origin::Source).limits.hook, 1800);
        settings.hooks.limit = CommandLimit::try_from(7200).ok();
        let given = plan(settings, Origin::Source);
        assert_eq!(given.limits.hook, 7200);
        assert!(given.longest(Step::Before, 0).as_secs() > 7200);
    }

    /// FR-DEP-05, FR-DEP-09: each way has its steps, in an order in which the old release serves as long as it can.
    #[test]
    fn each_way_has_its_steps() {
        let steps = |strategy: Strategy, hooks: bool| {
            let mut settings = settings();
            settings.rollout.strategy = strategy;
            if hooks {
                settings.hooks.before = CommandLine::split("migrate").ok();
                settings.hooks.after = CommandLine::split("warm").ok();
            }
            let names: Vec<_> = plan(settings, Origin::Source)
                .steps
                .iter()
                .map(|step| step.as_str())
                .collect();
            names.join(" ")
        };
        assert_eq!(
            steps(Strategy::BlueGreen, false),
            "source build release gate cut_over retire"
        );
        assert_eq!(
            steps(Strategy::BlueGreen, true),
            "source build before release gate cut_over retire after"
        );
        assert_eq!(
            steps(
                Strategy::Canary(slipway_protocol::settings::Canary::default()),
                false
            ),
            "source build release gate canary cut_over retire"
        );
        assert_eq!(
            steps(Strategy::Rolling, false),
            "source build release gate roll cut_over retire"
        );
        assert_eq!(
            steps(Strategy::Recreate, true),
            "source build before stop release gate cut_over retire after"
        );
        // What the old release writes to is not opened beside it.
        let mut writes: ApplicationSettings = serde_json::from_value(serde_json::json!({
            "source": { "kind": "git", "url": "/srv/a.git", "ref": "main" }, "port": 8080,
            "container": { "volumes": [{ "name": "data", "path": "/data" }] }, "hooks": { "before": ["migrate"] } }))
        .unwrap();
        let order =
            |settings: &ApplicationSettings| plan(settings.clone(), Origin::Source).steps[2..5].to_vec();
        assert_eq!(order(&writes), [Step::Stop, Step::Before, Step::Release]);
        writes.container.volumes.clear();
        writes.rollout.strategy = Strategy::Recreate;
        assert_eq!(order(&writes), [Step::Before, Step::Stop, Step::Release]);
    }
}
