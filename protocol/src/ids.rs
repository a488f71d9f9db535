//! One type per id, so that two of them cannot be swapped in a call. All are UUIDs (version 7: sortable by time).

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// The id as a UUID, for a database parameter.
            pub fn uuid(self) -> uuid::Uuid { self.0 }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": "uuid" })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
        }
    )*};
}

ids! {
    /// A tenant: people, projects and everything in them belong to exactly one team.
    TeamId;
    /// A person with an account on one cluster.
    UserId;
    ProjectId;
    EnvironmentId;
    ApplicationId;
    DomainId;
    DeploymentId;
    /// A command that somebody runs once beside an application.
    CommandId;
    /// A folder or archive that is sent, or was sent, for an application.
    UploadId;
    /// A shell or command in a container, kept by the agent.
    TerminalId;
    /// A way to a port of an application, kept by the agent.
    ForwardId;
    /// A signed-in device of a user: one chain of refresh tokens.
    SessionId;
    /// A saved cluster of one desktop; kept when it is renamed.
    ClusterId;
}
