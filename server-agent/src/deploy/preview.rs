//! Saying what a deployment will do before it is asked for, and refusing it when the world has moved meanwhile.

use std::collections::BTreeMap;

use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::head::{self, Head};
use slipway_protocol::plan::{Change, PlanView, Revision};
use slipway_protocol::settings::{ApplicationSettings, Source};
use uuid::Uuid;

use super::frozen::of_deployment;
use super::ground::{Ground, numbers};
use super::heads::{self, Looked};
use super::request::{Basis, basis, plan};
use crate::app::App;
use crate::db::applications::Application;
use crate::db::deployments::Stand;
use crate::db::{Tx, deployments, domains, patches, uploads};
use crate::domain::changes;
use crate::domain::plan::{Found, Snapshot, Verdict, consequences, judge, revision};
use crate::http::ApiError;
use crate::secrets::hex;

/// What this trigger would do now.
pub async fn preview(
    app: &App,
    tx: &mut Tx,
    application: &Application,
    trigger: &Trigger,
    looked: &Looked,
) -> Result<PlanView, ApiError> {
    let basis = basis(app, tx, application, trigger).await?;
    let found = looked.of(&application.settings.source);
    let State { now, served, .. } = snapshot(app, tx, application, trigger, &basis, found).await?;
    let mut changes = changes(&now, served.as_ref(), &basis);
    let patches = laid_over(app, tx, application, trigger, &basis).await?;
    if let Some(serving) = deployments::serving(tx, application.id).await? {
        let served = patches_of(app, tx, serving).await?;
        changes.extend(changes::of_patches(&served, &patches));
    }
    // Nothing is kept of it: the names that its id makes are nobody's.
    let plan = plan(
        app,
        application,
        DeploymentId(Uuid::now_v7()),
        basis,
        String::new(),
    );
    let patches = patches.into_keys().collect();
    Ok(consequences(&plan, &now, changes, patches))
}

/// A plan that somebody has looked at, and what its source's name stands for now.
pub struct Planned<'a> {
    pub revision: &'a Revision,
    /// None where the plan does not depend on it.
    pub looked: Option<Looked>,
}

/// Refuses when the application is no longer what the plan was made of; says what it takes of its source. In the transaction that holds
/// the application's lock.
pub async fn insist(
    app: &App,
    tx: &mut Tx,
    application: &Application,
    trigger: &Trigger,
    planned: &Planned<'_>,
) -> Result<Option<Head>, ApiError> {
    let basis = basis(app, tx, application, trigger).await?;
    let source = &application.settings.source;
    let looked = planned.looked.as_ref();
    let found = looked.map_or(Found::Nothing, |looked| looked.of(source));
    let seen = snapshot(app, tx, application, trigger, &basis, found.clone()).await?;
    let refused = match judge(planned.revision, &seen.digest, &found) {
        Verdict::Holds(head) => return Ok(head),
        Verdict::Changed => format!(
            "“{}” has changed since this plan was made; look at the new plan, then decide.",
            application.name
        ),
        Verdict::Moved { was, is } => format!(
            "“{}” has moved since this plan of “{}” was made, from {} to {}; look at the new plan, then decide.",
            named(source),
            application.name,
            in_words(source, &was),
            is.in_words()
        ),
        Verdict::NotSeen { was, why } => format!(
            "It could not be seen whether “{}” still is {}, as this plan of “{}” says: {why}; look at the new plan, then decide.",
            named(source),
            in_words(source, &was),
            application.name
        ),
    };
    Err(ApiError::conflict(refused))
}

/// The branch, tag, commit or image that a source is known by.
fn named(source: &Source) -> &str {
    match source {
        Source::Git(git) => git.reference.as_str(),
        Source::Image(image) => image.image.as_str(),
        Source::Upload(_) => "the upload",
    }
}

/// What a plan of this source named, of which the first digits are known.
fn in_words(source: &Source, digits: &str) -> String {
    match source {
        Source::Git(_) => head::commit_in_words(digits),
        Source::Image(_) | Source::Upload(_) => head::image_in_words(digits),
    }
}

/// The serving release's variables and files, opened.
type Variables = BTreeMap<String, String>;
/// Files that are laid over a source, by their paths.
type Patches = BTreeMap<String, String>;

/// The application at this moment.
struct State {
    now: Snapshot,
    /// The serving release's.
    served: Option<Variables>,
    /// Stands for all of it but what its source's name stands for.
    digest: String,
}

async fn snapshot(
    app: &App,
    tx: &mut Tx,
    application: &Application,
    trigger: &Trigger,
    basis: &Basis,
    found: Found,
) -> Result<State, ApiError> {
    let serving = deployments::serving(tx, application.id).await?;
    let (mut settings, mut variables) = (None, None);
    if let Some(serving) = serving {
        settings = deployments::find_plan(tx, serving)
            .await?
            .map(|(plan, ..)| plan.settings);
        variables = Some(open(app, tx, serving).await?);
    }
    let unfinished = deployments::unfinished(tx, application.id).await?;
    let all = domains::list(tx, Some(application.id)).await?;
    let routes: Vec<String> = all
        .iter()
        .map(|domain| format!("{}{}", domain.host, domain.path))
        .collect();
    let digest = Ground {
        trigger,
        files: &files(tx, application, trigger).await?,
        settings: &basis.settings,
        variables: &hex(&basis.frozen().digest()?),
        serving,
        stopped: application.stopped,
        routes: &routes,
        unfinished: &unfinished,
        newest: deployments::newest_number(tx, application.id).await?,
    }
    .digest();
    let at_work = unfinished.iter().find(|one| one.stand != Stand::Waits);
    let now = Snapshot {
        revision: revision(&digest, &found)?,
        serving: settings,
        stopped: application.stopped,
        routes,
        running: at_work.map(|one| one.number),
        waiting: numbers(&unfinished, Stand::Waits),
        found,
        serves: heads::served(tx, application.id).await?.head(),
    };
    Ok(State {
        now,
        served: variables,
        digest,
    })
}

/// What would be built besides what the settings name: the upload and the patches, as they are now.
async fn files(tx: &mut Tx, application: &Application, trigger: &Trigger) -> Result<Vec<String>, ApiError> {
    let mut files = Vec::new();
    if let (Trigger::Deploy, Source::Upload(_)) = (trigger, &application.settings.source) {
        let upload = uploads::newest(tx, application.id).await?;
        files.extend(upload.map(|id| id.to_string()));
    }
    if matches!(trigger, Trigger::Deploy | Trigger::Redeploy) {
        files.extend(patches::state(tx, application.id).await?);
    }
    Ok(files)
}

/// The patches that what this would deploy has: those that there are now, where the source is fetched; else those of the image that is taken
/// again.
async fn laid_over(
    app: &App,
    tx: &mut Tx,
    application: &Application,
    trigger: &Trigger,
    basis: &Basis,
) -> Result<Patches, ApiError> {
    let again = match trigger {
        Trigger::Deploy | Trigger::Redeploy => {
            let now = patches::list(tx, &app.sealer, application.id).await?;
            let now = now.into_iter().map(|patch| (patch.path.into(), patch.content));
            return Ok(if takes_patches(&basis.settings) {
                now.collect()
            } else {
                Patches::new()
            });
        }
        Trigger::Rollback { to } => Some(*to),
        Trigger::Reload | Trigger::Restart | Trigger::Scale { .. } | Trigger::Adopt => {
            deployments::serving(tx, application.id).await?
        }
    };
    match again {
        Some(again) => patches_of(app, tx, again).await,
        None => Ok(Patches::new()),
    }
}

/// Those of what a deployment runs.
async fn patches_of(app: &App, tx: &mut Tx, id: DeploymentId) -> Result<Patches, ApiError> {
    let plan = deployments::find_plan(tx, id).await?;
    if plan.is_some_and(|(plan, ..)| takes_patches(&plan.settings)) {
        return Ok(patches::of_release(tx, &app.sealer, id).await?);
    }
    Ok(Patches::new())
}

/// An image of a registry has no files to lay them over.
fn takes_patches(settings: &ApplicationSettings) -> bool {
    match settings.source {
        Source::Git(_) | Source::Upload(_) => true,
        Source::Image(_) => false,
    }
}

fn changes(now: &Snapshot, served: Option<&Variables>, basis: &Basis) -> Vec<Change> {
    let Some(settings) = &now.serving else {
        return Vec::new();
    };
    let mut all = changes::of_settings(settings, &basis.settings);
    all.extend(changes::of_variables(
        served.unwrap_or(&Variables::new()),
        &basis.frozen().all(),
    ));
    all
}

/// A deployment's variables and files, as it was asked for.
pub async fn open(app: &App, tx: &mut Tx, id: DeploymentId) -> Result<Variables, ApiError> {
    Ok(of_deployment(&app.sealer, tx, id).await?.all())
}

/// What two deployments differ in: commit, image, settings, variables and files, patches.
pub async fn compare(
    app: &App,
    tx: &mut Tx,
    from: DeploymentId,
    to: DeploymentId,
) -> Result<Vec<Change>, ApiError> {
    let found = async |tx: &mut Tx, id| {
        let found = deployments::find_plan(tx, id).await?;
        found.ok_or_else(|| ApiError::not_found("deployment"))
    };
    let (from_plan, from_image, from_commit) = found(tx, from).await?;
    let (to_plan, to_image, to_commit) = found(tx, to).await?;
    let text = |what: &str, from: Option<String>, to: Option<String>| {
        (from != to).then(|| Change {
            what: what.to_owned(),
            from,
            to,
        })
    };
    let mut all: Vec<Change> = Vec::new();
    all.extend(text(
        "commit",
        from_commit.map(|commit| commit.hash),
        to_commit.map(|commit| commit.hash),
    ));
    all.extend(text("image", from_image, to_image));
    all.extend(changes::of_settings(&from_plan.settings, &to_plan.settings));
    let variables = (open(app, tx, from).await?, open(app, tx, to).await?);
    all.extend(changes::of_variables(&variables.0, &variables.1));
    let patches = (patches_of(app, tx, from).await?, patches_of(app, tx, to).await?);
    all.extend(changes::of_patches(&patches.0, &patches.1));
    Ok(all)
}
