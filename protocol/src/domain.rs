//! Domains: which host and path lead to an application.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DomainId, HostName, UrlPath};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct NewDomain {
    pub host: HostName,
    #[serde(default = "root")]
    pub path: UrlPath,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct DomainView {
    pub id: DomainId,
    pub host: HostName,
    pub path: UrlPath,
    /// Where a browser finds it.
    pub url: String,
}

fn root() -> UrlPath {
    UrlPath::parse("/").unwrap_or_else(|_| unreachable!("a literal path"))
}
