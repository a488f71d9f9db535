//! An application's deploy URL: where a CI job or a registry asks for a deployment, with a secret of its own and no account.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::serialize_exposed;
use crate::{ApplicationId, Secret};

/// Below it, on every host of the edge, lie the deploy URLs. No application can have this path.
pub const PREFIX: &str = "/.slipway/deploy/";

/// The path of an application's deploy URL.
pub fn path_of(application: ApplicationId) -> String {
    format!("{PREFIX}{application}")
}

/// What may be shown again of a deploy URL.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct DeployUrlView {
    /// `http://shop.example.org/.slipway/deploy/…`; only the path where the application has no domain yet.
    pub url: String,
    /// E-mail of who made it.
    pub made_by: String,
    pub made_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A deploy URL whose secret is told, once: `curl -X POST -H "Authorization: Bearer SECRET" URL`.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct NewDeployUrl {
    pub url: String,
    #[serde(serialize_with = "serialize_exposed")]
    pub secret: Secret<String>,
}

/// What a POST to a deploy URL answers.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct DeploymentAsked {
    /// The deployment's number within the application. One that still waits for its turn is not asked for twice.
    pub deployment: u32,
}
