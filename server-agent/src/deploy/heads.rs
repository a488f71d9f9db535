//! What the name of a source stands for now: asked of its repository or its registry before a plan is made, a few at a time and never
//! for long. Where nobody answers, the plan comes without it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_protocol::deployment::Trigger;
use slipway_protocol::head::{Head, ImageDigest};
use slipway_protocol::names::is_hidden;
use slipway_protocol::settings::{GitSource, Source};
use slipway_protocol::{ApplicationId, ImageReference, TeamId};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::steps::pin_image;
use super::way_in::{WayIn, WayInError};
use crate::app::App;
use crate::db::applications;
use crate::db::{Tx, deployments};
use crate::docker::RegistryLogin;
use crate::domain::plan::{Found, Question, Served, question};
use crate::fair::Fair;
use crate::git::{GitError, Look};
use crate::http::ApiError;
use crate::process::ProcessError;

/// So long a plan waits for its source, its turn included.
const LIMIT: Duration = Duration::from_secs(10);
/// So many repositories and registries are asked at once, and so many of one team's: a server that answers nobody, or a team that asks
/// without end, takes no other team's turns.
const AT_ONCE: usize = 16;
const OF_A_TEAM: usize = 4;

/// Whose turn it is to ask.
pub struct Heads {
    turns: Semaphore,
    teams: Fair<TeamId>,
}

impl Default for Heads {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(AT_ONCE),
            teams: Fair::new(OF_A_TEAM),
        }
    }
}

/// It ends when this is dropped.
struct Turn<'a> {
    _all: SemaphorePermit<'a>,
    _of_team: OwnedSemaphorePermit,
}

impl Heads {
    /// The team's turn first: whoever waits for it is in nobody else's way.
    async fn turn(&self, team: TeamId) -> Result<Turn<'_>, AcquireError> {
        let of_team = self.teams.turn(team).await?;
        let all = self.turns.acquire().await?;
        Ok(Turn {
            _all: all,
            _of_team: of_team,
        })
    }
}

/// What was found, and of which source: by the time when it is used, the application may have another one.
#[derive(Clone, Debug)]
pub struct Looked {
    source: Source,
    found: Found,
}

impl Looked {
    /// What is known of this source by now.
    pub fn of(&self, source: &Source) -> Found {
        if self.source == *source {
            return self.found.clone();
        }
        Found::Unknown("the application has another source since a moment ago".to_owned())
    }
}

/// Finds out what a deployment would take if it began now. No connection to the database is held while others are waited for.
pub async fn look(
    app: &App,
    team: TeamId,
    application: ApplicationId,
    trigger: &Trigger,
) -> Result<Looked, ApiError> {
    let mut tx = app.db.begin_for(team).await?;
    let found = applications::find(&mut tx, application).await?;
    let source = found
        .ok_or_else(|| ApiError::not_found("application"))?
        .settings
        .source;
    let served = served(&mut tx, application).await?;
    let found = match question(trigger, &source, &served) {
        Question::None => Found::Nothing,
        Question::Answered(head) => Found::Fixed(head),
        Question::Ask => {
            let asked = Asked::prepare(app, &mut tx, application, &source).await?;
            drop(tx);
            match asked {
                Ok(asked) => asked.ask(app, team).await,
                Err(why) => Found::Unknown(why),
            }
        }
    };
    Ok(Looked { source, found })
}

/// What the serving release was made of.
pub async fn served(tx: &mut Tx, application: ApplicationId) -> Result<Served, ApiError> {
    let Some(serving) = deployments::serving(tx, application).await? else {
        return Ok(Served::default());
    };
    let commit = deployments::find_plan(tx, serving)
        .await?
        .and_then(|(_, _, commit)| commit);
    let pinned = deployments::pinned(tx, serving).await?;
    Ok(Served {
        commit: commit.as_ref().and_then(Head::of_commit),
        // An upload's digest is no image's.
        image: pinned.and_then(|text| ImageReference::parse(&text).ok()),
    })
}

/// Whom to ask, with what lets us in.
enum Asked<'a> {
    Repository(&'a GitSource, WayIn),
    Registry(&'a ImageReference, Option<RegistryLogin>),
}

impl<'a> Asked<'a> {
    /// The inner failure is one that a person can read beside the plan.
    async fn prepare(
        app: &App,
        tx: &mut Tx,
        application: ApplicationId,
        source: &'a Source,
    ) -> Result<Result<Self, String>, ApiError> {
        match source {
            Source::Git(git) => match WayIn::open(tx, &app.sealer, application, &git.url).await {
                Ok(way_in) => Ok(Ok(Self::Repository(git, way_in))),
                Err(WayInError::Database(error)) => Err(error.into()),
                Err(error @ (WayInError::Token | WayInError::Key(_))) => Ok(Err(error.to_string())),
            },
            Source::Image(named) => {
                let image = &named.image;
                let login = pin_image::login(tx, &app.sealer, application, image).await?;
                Ok(Ok(Self::Registry(image, login)))
            }
            Source::Upload(_) => Ok(Err("what was sent has no other name".to_owned())),
        }
    }

    async fn ask(self, app: &App, team: TeamId) -> Found {
        let until = Instant::now() + LIMIT;
        let Ok(Ok(_turn)) = timeout_at(until, app.heads.turn(team)).await else {
            return Found::Unknown("too many other sources were asked about at the same time".to_owned());
        };
        let answer = match self {
            Self::Repository(git, way_in) => repository(app, git, &way_in, until).await,
            Self::Registry(image, login) => registry(app, image, login.as_ref(), until).await,
        };
        answer.map_or_else(|why| Found::Unknown(shown(&why)), Found::Is)
    }
}

async fn repository(app: &App, git: &GitSource, way_in: &WayIn, until: Instant) -> Result<Head, String> {
    let data_dir = &app.config.data_dir;
    let failed = |error: std::io::Error| {
        tracing::error!(%error, "the folder for a look at a repository could not be prepared");
        "the agent could not write to its data folder".to_owned()
    };
    let place = Place::make(&app.config.looks_dir()).map_err(failed)?;
    let access = way_in.write(&place.0.join("access")).map_err(failed)?;
    let folder = place.0.join("empty");
    std::fs::create_dir(&folder).map_err(failed)?;
    let look = Look {
        url: &git.url,
        reference: &git.reference,
        folder: &folder,
        data_dir,
        access: &access,
        limit: until.saturating_duration_since(Instant::now()),
    };
    match look.run().await {
        Ok(hash) => Ok(Head::Commit { hash }),
        Err(GitError::Process(ProcessError::Deadline { .. })) => Err(too_slow("the repository")),
        Err(error) if way_in.is_for_another => Err(format!(
            "{error}; the stored access token is another server's, and is not told to this one"
        )),
        Err(error) => Err(error.to_string()),
    }
}

async fn registry(
    app: &App,
    image: &ImageReference,
    login: Option<&RegistryLogin>,
    until: Instant,
) -> Result<Head, String> {
    let Ok(answer) = timeout_at(until, app.docker.resolve(image.as_str(), login)).await else {
        return Err(too_slow("the registry"));
    };
    let text =
        answer.map_err(|error| pin_image::refusal(image, &error).unwrap_or_else(|| error.to_string()))?;
    match ImageDigest::parse(&text) {
        Ok(digest) => Ok(Head::Image { digest }),
        Err(_) => Err("the registry named a digest of another kind than sha256".to_owned()),
    }
}

/// A server's own words may be in it.
fn shown(why: &str) -> String {
    why.chars().filter(|c| !is_hidden(*c)).take(250).collect()
}

fn too_slow(who: &str) -> String {
    format!("{who} did not answer within {} s", LIMIT.as_secs())
}

/// A folder for one look, which goes with it.
struct Place(PathBuf);

impl Place {
    fn make(folder: &Path) -> std::io::Result<Self> {
        let place = Self(folder.join(Uuid::now_v7().to_string()));
        std::fs::create_dir_all(&place.0)?;
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "the folder of a look at a repository could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-08, NFR-S1: however much a team asks, another one's turn comes at once.
    #[tokio::test]
    async fn no_team_takes_anothers_turns() {
        let team = |digit: u8| TeamId(Uuid::from_u128(u128::from(digit)));
        let heads = Heads::default();
        let soon = |team: TeamId| tokio::time::timeout(Duration::from_millis(50), heads.turn(team));
        let mut turns = Vec::new();
        for _ in 0..OF_A_TEAM {
            turns.push(soon(team(1)).await.expect("a turn").unwrap());
        }
        assert!(soon(team(1)).await.is_err(), "it has all of its own");
        assert!(soon(team(2)).await.expect("a turn of its own").is_ok());
    }
}
