//! BuildKit's session: the connection through which it asks the one who builds for secrets while the build runs.
//!
//! The engine hands a connection over to us (`POST /session`), and then is the client on it: gRPC over HTTP/2, with us as
//! the server. The build names the session by its id. Values travel over this socket only, when a `RUN --mount=type=secret`
//! wants them; they are no part of the build's request, its context or its result.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use bollard::health::health_check_response::ServingStatus;
use bollard::health::health_server::{Health, HealthServer};
use bollard::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioExecutor;
use slipway_protocol::{Secret, VariableKey};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;
use tower_service::Service;

use super::raw::{self, unreachable};
use super::{DockerError, Spoken};

const GET_SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";

/// An open session. It ends when it is dropped.
pub(super) struct Session {
    id: String,
    _server: AbortOnDropHandle<()>,
}

impl Session {
    /// Opens a session whose server knows these secrets and nothing else.
    pub(super) async fn open(
        spoken: &Spoken,
        secrets: &BTreeMap<VariableKey, Secret<String>>,
    ) -> Result<Self, DockerError> {
        let id = format!("slipway-{}", uuid::Uuid::new_v4().simple());
        let secrets = Known(Arc::new(secrets.clone()));
        let upgraded = raw::within(upgrade(spoken, &id)).await?;
        let server = AbortOnDropHandle::new(tokio::spawn(async move {
            let answer = service_fn(move |request| answer(secrets.clone(), request));
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(upgraded, answer)
                .await;
        }));
        Ok(Self { id, _server: server })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// Asks the engine to turn the connection round.
async fn upgrade(spoken: &Spoken, id: &str) -> Result<hyper::upgrade::Upgraded, DockerError> {
    let request = Request::post(spoken.target("/session"))
        .header("host", "docker")
        .header("connection", "Upgrade")
        .header("upgrade", "h2c")
        .header("x-docker-expose-session-uuid", id)
        .header("x-docker-expose-session-grpc-method", GET_SECRET)
        .body(Full::<Bytes>::default())
        .map_err(unreachable)?;
    raw::upgrade(&spoken.socket, request).await
}

/// Sends a call to the service that its path names. What is not here is answered as gRPC answers it: unimplemented.
async fn answer(known: Known, request: Request<Incoming>) -> Result<Response<tonic::body::Body>, Infallible> {
    if request.uri().path().starts_with("/grpc.health.v1.Health/") {
        HealthServer::new(Alive).call(request).await
    } else {
        SecretsServer::new(known).call(request).await
    }
}

#[derive(Clone)]
struct Known(Arc<BTreeMap<VariableKey, Secret<String>>>);

#[tonic::async_trait]
impl Secrets for Known {
    async fn get_secret(
        &self,
        request: tonic::Request<GetSecretRequest>,
    ) -> Result<tonic::Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        let found = VariableKey::parse(id).ok().and_then(|key| self.0.get(&key));
        match found {
            Some(value) => Ok(tonic::Response::new(GetSecretResponse {
                data: value.expose().clone().into_bytes(),
            })),
            None => Err(Status::not_found(
                "the build has no such secret; name it among the build's secrets in the application's settings",
            )),
        }
    }
}

/// BuildKit looks once in a while whether the session still lives.
struct Alive;

#[tonic::async_trait]
impl Health for Alive {
    async fn check(
        &self,
        _: tonic::Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        Ok(tonic::Response::new(HealthCheckResponse {
            status: ServingStatus::Serving.into(),
        }))
    }

    async fn list(
        &self,
        _: tonic::Request<HealthListRequest>,
    ) -> Result<tonic::Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("not needed by BuildKit"))
    }

    type WatchStream = tokio_stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: tonic::Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not needed by BuildKit"))
    }
}
