//! What every part of the agent works with, put together in one place.

use std::sync::Arc;

use slipway_protocol::{ErrorCode, Secret};
use tokio::sync::{Mutex, Notify, broadcast, watch};
use uuid::Uuid;

use crate::build_place::BuildPlace;
use crate::builders::{Bases, Guard, Turns};
use crate::config::Config;
use crate::db::Db;
use crate::deploy::deploy_urls::DeployUrls;
use crate::deploy::heads::Heads;
use crate::deploy::hearing::Hearing;
use crate::deploy::keeper::Keeper;
use crate::deploy::old_logs::OldLogs;
use crate::deploy::probes::Probes;
use crate::deploy::readiness::Readiness;
use crate::deploy::vitals::Vitals;
use crate::disk;
use crate::docker::Docker;
use crate::feed::Feed;
use crate::forwards::Forwards;
use crate::host::Checkups;
use crate::http::tokens::TokenKeys;
use crate::http::{ApiError, LookTurns, Readers, Strangers};
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::secrets::{KeyFile, Sealer, hex};
use crate::terminals::Terminals;
use crate::traefik::EdgeApi;

/// Cheap to clone; the parts are shared.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub db: Db,
    pub docker: Docker,
    /// The engine that builds images.
    pub build_place: BuildPlace,
    /// The images that Dockerfiles start from where Slipway writes them.
    pub bases: Arc<Bases>,
    /// Whose turn it is to build.
    pub turns: Turns,
    /// What builds may take of the server.
    pub guard: Guard,
    pub logs: Logs,
    /// Logs of deployments that an earlier agent kept in the database.
    pub old_logs: Arc<OldLogs>,
    pub sealer: Sealer,
    pub tokens: Arc<TokenKeys>,
    pub strangers: Arc<Strangers>,
    /// Streams of lines that are read now.
    pub readers: Arc<Readers>,
    /// Whose turn it is to look into a log.
    pub look_turns: Arc<LookTurns>,
    pub edge: Arc<EdgeApi>,
    pub probes: Arc<Probes>,
    pub readiness: Arc<Readiness>,
    pub keeper: Arc<Keeper>,
    pub vitals: Arc<Vitals>,
    pub hearing: Arc<Hearing>,
    /// Whose turn it is to ask what a source's name stands for.
    pub heads: Arc<Heads>,
    /// Where the edge process listens.
    pub deploy_urls: Arc<DeployUrls>,
    /// Shells and commands in containers.
    pub terminals: Arc<Terminals>,
    /// Ways to ports of containers.
    pub forwards: Arc<Forwards>,
    /// How the server is kept, as it was seen last.
    pub checkups: Arc<Checkups>,
    /// Told when a worker may find something to do.
    pub work_wanted: watch::Sender<()>,
    /// Deployments and commands that have just changed, for those who follow them.
    pub changes: broadcast::Sender<Uuid>,
    /// What is recorded and may not be in the database yet.
    pub metrics: Arc<Metrics>,
    /// For those who show the state of things.
    pub feed: Feed,
    /// Tasks may have come or gone: look now instead of later.
    pub routes_wanted: Arc<Notify>,
    /// Something may be left over in Docker or on disk: sweep now instead of in a minute.
    pub sweep_wanted: Arc<Notify>,
    /// What runs may not be what should run: look now instead of later.
    pub keeper_wanted: Arc<Notify>,
    /// A command may have to be begun or ended: look now instead of later.
    pub commands_wanted: Arc<Notify>,
    /// One writer of the edge's configuration at a time.
    pub routes_lock: Arc<Mutex<()>>,
}

impl App {
    pub fn new(
        config: Config,
        db: Db,
        docker: Docker,
        build_place: BuildPlace,
        logs: Logs,
        key: &KeyFile,
    ) -> Self {
        let edge_key = hex(key.derive("edge").expose());
        let edge = EdgeApi::new(config.edge_address(), Secret::new(edge_key));
        Self {
            db,
            docker,
            build_place,
            bases: Arc::new(Bases::new(&config.bases)),
            turns: Turns::new(config.builds()),
            guard: Guard::default(),
            logs,
            old_logs: Arc::default(),
            sealer: Sealer::new(key),
            tokens: Arc::new(TokenKeys::new(&key.derive("tokens"))),
            strangers: Arc::default(),
            readers: Arc::default(),
            look_turns: Arc::default(),
            edge: Arc::new(edge),
            probes: Arc::default(),
            readiness: Arc::default(),
            keeper: Arc::default(),
            vitals: Arc::default(),
            hearing: Arc::default(),
            heads: Arc::default(),
            deploy_urls: Arc::default(),
            terminals: Arc::default(),
            forwards: Arc::default(),
            checkups: Arc::default(),
            work_wanted: watch::Sender::default(),
            changes: broadcast::channel(1024).0,
            metrics: Arc::default(),
            feed: Feed::default(),
            routes_wanted: Arc::default(),
            sweep_wanted: Arc::default(),
            keeper_wanted: Arc::default(),
            commands_wanted: Arc::default(),
            routes_lock: Arc::default(),
            config: Arc::new(config),
        }
    }

    /// What is to be stored or made leaves the database room to go on.
    pub fn insist_on_room(&self) -> Result<(), ApiError> {
        if disk::has_room_for(&self.config.data_dir, 0) {
            return Ok(());
        }
        let detail = "The disk of the server is full, and what is left is its database’s; free some space and try again.";
        Err(ApiError::new(ErrorCode::Unavailable, detail))
    }
}
