//! Asking for a deployment: every choice is made and stored, then workers are told.

use slipway_protocol::deployment::{Commit, Trigger};
use slipway_protocol::git::GitRef;
use slipway_protocol::settings::ApplicationSettings;
use slipway_protocol::{ApplicationId, DeploymentId, ErrorCode, TeamId};
use uuid::Uuid;

use super::freeze::freeze_source;
use super::frozen::{Frozen, freeze, of_deployment};
use super::preview::{self, Planned};
use super::turn;
use crate::app::App;
use crate::db::applications::{self, Application};
use crate::db::deployments::{self, NewDeployment};
use crate::db::{Tx, audit};
use crate::domain::plan::{Facts, Origin, Plan, in_place, priority};
use crate::http::ApiError;
use crate::secrets::random_hex;

/// Who asks where no person does.
const SLIPWAY: &str = "slipway";

/// Who asks for what.
pub struct Asked<'a> {
    pub team: TeamId,
    pub by: &'a str,
    pub application: &'a Application,
    pub trigger: &'a Trigger,
    /// The plan that was looked at before.
    pub planned: Option<Planned<'a>>,
}

/// What a deployment is made of, apart from its names.
pub(super) struct Basis {
    pub origin: Origin,
    pub settings: ApplicationSettings,
    /// Variables and files.
    frozen: Frozen,
    commit: Option<Commit>,
    /// Nothing that runs is stopped.
    in_place: bool,
}

impl Basis {
    /// Variables and files, opened.
    pub fn frozen(&self) -> &Frozen {
        &self.frozen
    }
}

/// Freezes the plan and stores the deployment behind those that there are. In the caller's transaction.
pub async fn request_deployment(app: &App, tx: &mut Tx, asked: Asked<'_>) -> Result<DeploymentId, ApiError> {
    let gone = || ApiError::not_found("application");
    let id = asked.application.id;
    if !applications::lock(tx, id).await? {
        return Err(gone());
    }
    if makes_something_new(asked.trigger) {
        app.insist_on_room()?;
    }
    // Whoever held the lock may have changed the settings.
    let application = &applications::find(tx, id).await?.ok_or_else(gone)?;
    let head = match &asked.planned {
        Some(planned) => preview::insist(app, tx, application, asked.trigger, planned).await?,
        None => None,
    };
    if builds_on_what_serves(asked.trigger) {
        turn::insist(tx, application, turn::Asked::Again).await?;
    }
    let basis = basis(app, tx, application, asked.trigger).await?;
    let id = DeploymentId(Uuid::now_v7());
    let environment = basis.frozen.seal(&app.sealer, id)?;
    let secrets = basis.frozen.secret_names(&app.sealer, app.docker.instance())?;
    let commit = basis.commit.clone();
    let plan = plan(app, application, id, basis, random_token()?).taking(head);
    let configured_as = match asked.trigger {
        Trigger::Deploy | Trigger::Redeploy | Trigger::Reload => None,
        Trigger::Rollback { to } => Some(*to),
        Trigger::Restart | Trigger::Scale { .. } | Trigger::Adopt => {
            deployments::serving(tx, application.id).await?
        }
    };
    let new = NewDeployment {
        configured_as,
        id,
        team: asked.team,
        trigger: asked.trigger,
        priority: priority(asked.trigger),
        plan: &plan,
        environment,
        secrets,
        requested_by: asked.by,
        commit: commit.as_ref(),
    };
    if *asked.trigger == Trigger::Deploy {
        deployments::keep_waiting_scale(tx, application.id).await?;
    }
    deployments::insert(tx, new).await?;
    if *asked.trigger == Trigger::Deploy {
        deployments::note_tasks_otherwise(tx, id).await?;
    }
    freeze_source(app, tx, application, id, asked.trigger).await?;
    Ok(id)
}

/// It fetches or builds: what helps where the disk is full, going back or fewer tasks, needs no room.
fn makes_something_new(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Deploy | Trigger::Redeploy => true,
        Trigger::Reload
        | Trigger::Restart
        | Trigger::Scale { .. }
        | Trigger::Adopt
        | Trigger::Rollback { .. } => false,
    }
}

/// Its release is made of the one that serves now. Queued behind another deployment it would quietly take that one back, unless that
/// one's release is what serves.
fn builds_on_what_serves(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Redeploy | Trigger::Reload | Trigger::Restart | Trigger::Scale { .. } | Trigger::Adopt => {
            true
        }
        Trigger::Deploy | Trigger::Rollback { .. } => false,
    }
}

/// New tasks of the serving release, because it was changed outside Slipway and the settings ask to put that right.
pub(super) async fn restart_by_itself(app: &App, team: TeamId, id: ApplicationId) -> Result<(), ApiError> {
    let mut tx = app.db.begin_for(team).await?;
    let application = applications::find(&mut tx, id)
        .await?
        .ok_or_else(|| ApiError::not_found("application"))?;
    let asked = Asked {
        team,
        by: SLIPWAY,
        application: &application,
        trigger: &Trigger::Restart,
        planned: None,
    };
    request_deployment(app, &mut tx, asked).await?;
    let act = audit::Act {
        team: Some(team),
        actor: SLIPWAY,
        action: "HealDrift",
        subject: application.name.as_str(),
        request_id: "",
    };
    audit::record(&mut tx, act).await?;
    tx.commit().await?;
    Ok(())
}

/// The plan that a basis leads to.
pub(super) fn plan(
    app: &App,
    application: &Application,
    id: DeploymentId,
    basis: Basis,
    probe_token: String,
) -> Plan {
    let plan = Plan::make(Facts {
        instance: app.docker.instance(),
        deployment: id,
        application: application.id,
        application_name: application.name.clone(),
        settings: basis.settings,
        probe_token,
        origin: basis.origin,
    });
    if basis.in_place { in_place(plan) } else { plan }
}

/// What this trigger would deploy now.
pub(super) async fn basis(
    app: &App,
    tx: &mut Tx,
    application: &Application,
    trigger: &Trigger,
) -> Result<Basis, ApiError> {
    let settings = application.settings.clone();
    match trigger {
        Trigger::Deploy => Ok(Basis {
            origin: Origin::Source,
            settings: with_tasks_ahead(tx, application.id, settings).await?,
            frozen: freeze(app, tx, application.id, &application.settings).await?,
            commit: None,
            in_place: false,
        }),
        Trigger::Redeploy => {
            let serving = Release::serving(app, tx, application).await?;
            let frozen = freeze(app, tx, application.id, &application.settings).await?;
            Ok(Basis {
                origin: Origin::Source,
                settings: at_commit(settings, serving.commit.as_ref()),
                frozen,
                commit: None,
                in_place: false,
            })
        }
        Trigger::Reload => {
            let serving = Release::serving(app, tx, application).await?;
            Ok(Basis {
                origin: serving.image(),
                settings,
                frozen: freeze(app, tx, application.id, &application.settings).await?,
                commit: serving.commit,
                in_place: false,
            })
        }
        Trigger::Restart => Ok(Release::serving(app, tx, application).await?.again()),
        Trigger::Scale { replicas } => {
            let serving = Release::serving(app, tx, application).await?;
            let more = *replicas > serving.plan.settings.replicas;
            let origin = more.then(|| serving.service());
            let mut basis = serving.again();
            basis.settings.replicas = *replicas;
            if let Some(origin) = origin {
                basis.origin = origin;
                basis.in_place = true;
            }
            Ok(basis)
        }
        Trigger::Rollback { to } => roll_back(app, tx, application, *to).await,
        Trigger::Adopt => Err(ApiError::invalid(
            "What was changed outside Slipway is no deployment that can be asked for; adopt it instead.",
        )),
    }
}

/// With as many tasks as somebody has asked for before, who waits or is just getting them: the settings hold that number only once it serves.
/// A number that was put into the settings after that is the later wish, and stays.
async fn with_tasks_ahead(
    tx: &mut Tx,
    application: ApplicationId,
    mut settings: ApplicationSettings,
) -> Result<ApplicationSettings, ApiError> {
    if let Some(replicas) = deployments::scale_ahead(tx, application).await? {
        settings.replicas = replicas;
    }
    Ok(settings)
}

async fn roll_back(
    app: &App,
    tx: &mut Tx,
    application: &Application,
    to: DeploymentId,
) -> Result<Basis, ApiError> {
    let view = deployments::find(tx, to)
        .await?
        .filter(|view| view.application == application.id);
    let view = view.ok_or_else(|| ApiError::not_found("deployment"))?;
    if !view.can_roll_back_to {
        return Err(ApiError::conflict(format!(
            "The release of deployment {} is no longer kept; choose a newer one, or deploy its commit.",
            view.number
        )));
    }
    let target = Release::of(app, tx, to).await?;
    let serving = deployments::serving(tx, application.id).await?;
    let runs_now = match serving {
        Some(serving) => deployments::find_plan(tx, serving).await?,
        None => None,
    };
    // Its own service runs again, unless that very service serves with other numbers now, or will when this one's turn comes.
    let service = &target.plan.service;
    let is_serving = runs_now.is_some_and(|(plan, ..)| plan.service == *service)
        || deployments::any_unfinished_of(tx, service).await?;
    let origin = (!is_serving).then(|| target.service());
    let mut basis = target.again();
    if let Some(origin) = origin {
        basis.origin = origin;
    }
    Ok(basis)
}

/// A release that there is: its plan, what it runs, and with which variables.
pub(super) struct Release {
    pub id: DeploymentId,
    pub plan: Plan,
    pub image: String,
    pub commit: Option<Commit>,
    pub frozen: Frozen,
}

impl Release {
    pub(super) async fn serving(app: &App, tx: &mut Tx, application: &Application) -> Result<Self, ApiError> {
        let serving = deployments::serving(tx, application.id).await?;
        let serving = serving.ok_or_else(|| {
            ApiError::conflict(format!(
                "No release of “{}” serves yet; deploy it first.",
                application.name
            ))
        })?;
        Self::of(app, tx, serving).await
    }

    async fn of(app: &App, tx: &mut Tx, id: DeploymentId) -> Result<Self, ApiError> {
        let found = deployments::find_plan(tx, id).await?;
        let Some((plan, Some(image), commit)) = found else {
            return Err(ApiError::not_found("release"));
        };
        let frozen = of_deployment(&app.sealer, tx, id).await?;
        Ok(Self {
            id,
            plan,
            image,
            commit,
            frozen,
        })
    }

    fn image(&self) -> Origin {
        Origin::Image {
            tag: self.plan.image_tag.clone(),
            id: self.image.clone(),
        }
    }

    fn service(&self) -> Origin {
        Origin::Service {
            plan: Box::new(self.plan.clone()),
            image: self.image.clone(),
            made_by: self.plan.tasks_of(self.id),
        }
    }

    /// New tasks of the same: image, settings and variables as they were.
    fn again(self) -> Basis {
        Basis {
            origin: self.image(),
            settings: self.plan.settings,
            frozen: self.frozen,
            commit: self.commit,
            in_place: false,
        }
    }
}

/// The same settings, with the reference pinned.
fn at_commit(mut settings: ApplicationSettings, commit: Option<&Commit>) -> ApplicationSettings {
    let pinned = commit.and_then(|commit| GitRef::parse(&commit.hash).ok());
    if let (Some(git), Some(pinned)) = (settings.source.git_mut(), pinned) {
        git.reference = pinned;
    }
    settings
}

fn random_token() -> Result<String, ApiError> {
    random_hex().map_err(|_| {
        ApiError::new(
            ErrorCode::Unavailable,
            "The server gave no random bytes; try again.",
        )
    })
}
