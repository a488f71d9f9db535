//! Routes from endpoints: the only way to add one, so that none is without its gate.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::extract::{FromRequestParts, Query, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt};
use http::header::CONTENT_TYPE;
use slipway_protocol::api::{REQUEST_ID_HEADER, STREAM_TYPE, catalogue};
use slipway_protocol::endpoint::FromParts;
use slipway_protocol::names::is_hidden;
use slipway_protocol::{Access, ErrorCode, Method};

use super::broken_off::{BrokenOff, until_lost};
use super::{ApiError, Call, Piece, gate};
use crate::app::App;

/// A request's body is at most this large, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;
const LARGEST_PUBLIC_BODY: usize = 16 * 1024;

const BYTES_TYPE: &str = "application/octet-stream";

/// A router under construction.
pub struct Routes {
    app: App,
    router: Router,
    registered: HashSet<&'static str>,
}

impl Routes {
    pub fn new(app: App) -> Self {
        Self {
            app,
            router: Router::new(),
            registered: HashSet::new(),
        }
    }

    /// A call with one answer.
    pub fn one<E, F, R>(self, handler: F) -> Self
    where
        E: FromParts + Send + 'static,
        F: Fn(Call, E) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<E::Response, ApiError>> + Send,
    {
        self.add::<E, _, _>(move |call, arrived: Arrived<E>| {
            let handler = handler.clone();
            async move { in_json(&handler(call, arrived.whole().await?).await?) }
        })
    }

    /// A call whose body is plain bytes, which the handler reads as they come, with one answer.
    pub fn bytes<E, F, R>(self, handler: F) -> Self
    where
        E: FromParts + Send + 'static,
        F: Fn(Call, E, Piece) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<E::Response, ApiError>> + Send,
    {
        self.add::<E, _, _>(move |call, arrived: Arrived<E>| {
            let handler = handler.clone();
            async move {
                let (request, piece) = arrived.beside_bytes()?;
                in_json(&handler(call, request, piece).await?)
            }
        })
    }

    /// A call whose answer is a stream of lines. It breaks off when its reader may no longer ask for it.
    pub fn lines<E, F, R, S>(self, handler: F) -> Self
    where
        E: FromParts + Send + 'static,
        F: Fn(Call, E) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<S, ApiError>> + Send,
        S: Stream<Item = Result<E::Response, BrokenOff>> + Send + 'static,
    {
        const { assert!(matches!(E::ACCESS, Access::Team(..)), "a stream is somebody's") };
        self.add::<E, _, _>(move |call, arrived: Arrived<E>| {
            let handler = handler.clone();
            async move {
                let Access::Team(resource, action) = E::ACCESS else {
                    return Err(ApiError::not_found("thing"));
                };
                let place = call.app.readers.place(call.caller()?.me.id)?;
                let lost = call.owner()?.has_lost_it(call.app.clone(), resource, action);
                let items = handler(call, arrived.whole().await?).await?;
                let lines = until_lost(items, lost).map(move |item| {
                    let _taken = &place;
                    // With an error the body breaks off, which no reader takes for its end.
                    let mut line = serde_json::to_vec(&item.map_err(std::io::Error::other)?)?;
                    line.push(b'\n');
                    Ok::<_, std::io::Error>(Bytes::from(line))
                });
                Ok(([(CONTENT_TYPE, STREAM_TYPE)], Body::from_stream(lines)).into_response())
            }
        })
    }

    /// A call whose body and answer are plain bytes, both at once.
    pub fn tunnel<E, F, R, S>(self, handler: F) -> Self
    where
        E: FromParts + Send + 'static,
        F: Fn(Call, E, BodyDataStream) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<S, ApiError>> + Send,
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        self.add::<E, _, _>(move |call, arrived: Arrived<E>| {
            let handler = handler.clone();
            async move {
                let (request, body) = arrived.beside_body()?;
                let answer = Body::from_stream(handler(call, request, body).await?);
                Ok(([(CONTENT_TYPE, BYTES_TYPE)], answer).into_response())
            }
        })
    }

    fn add<E, F, R>(mut self, serve: F) -> Self
    where
        E: FromParts + Send + 'static,
        F: Fn(Call, Arrived<E>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Response, ApiError>> + Send,
    {
        self.registered.insert(E::NAME);
        let app = self.app.clone();
        let handle = move |request: Request| {
            let (app, serve) = (app.clone(), serve.clone());
            async move {
                let request_id = request_id(&request);
                let work =
                    AssertUnwindSafe(pass::<E, F, R>(app, request, request_id.clone(), serve)).catch_unwind();
                let answer = match work.await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(error)) => error.into_answer(&request_id),
                    Err(_) => ApiError::internal(&std::io::Error::other("a handler panicked"))
                        .into_answer(&request_id),
                };
                with_id(answer, &request_id)
            }
        };
        self.router = self.router.route(E::PATH, on(filter(E::METHOD), handle));
        self
    }

    /// The finished router. Panics when a call of the catalogue has no handler: that is a mistake in this program, found by any test.
    pub fn finish(self) -> Router {
        let missing: Vec<_> = catalogue()
            .into_iter()
            .filter(|route| !self.registered.contains(route.name))
            .map(|route| route.name)
            .collect();
        assert!(missing.is_empty(), "calls without a handler: {missing:?}");
        self.router
            .fallback(|request: Request| async move {
                refuse(
                    &request,
                    ErrorCode::NotFound,
                    "There is no such address in this API.",
                )
            })
            .method_not_allowed_fallback(|request: Request| async move {
                refuse(
                    &request,
                    ErrorCode::NotFound,
                    "This address does not know that method.",
                )
            })
    }
}

fn refuse(request: &Request, code: ErrorCode, detail: &str) -> Response {
    let id = request_id(request);
    with_id(ApiError::new(code, detail).into_answer(&id), &id)
}

/// Gate first, then the parts of the request, then the handler: nothing is read for somebody who may not ask.
async fn pass<E, F, R>(app: App, request: Request, request_id: String, serve: F) -> Result<Response, ApiError>
where
    E: FromParts + Send + 'static,
    F: Fn(Call, Arrived<E>) -> R,
    R: Future<Output = Result<Response, ApiError>>,
{
    let admitted = gate::admit(&app, E::ACCESS, request.headers()).await?;
    let call = Call {
        app,
        request_id,
        action: E::NAME,
        caller: admitted.caller,
        team: admitted.team,
    };
    let (mut parts, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| ApiError::not_found("thing"))?;
    let path = params
        .iter()
        .map(|(name, value)| (name.to_owned(), serde_json::Value::from(value)))
        .collect();
    let path =
        serde_json::from_value(serde_json::Value::Object(path)).map_err(|_| ApiError::not_found("thing"))?;
    let query = Query::try_from_uri(&parts.uri)
        .map_err(|error| ApiError::invalid(query_sentence(&error.body_text())))?;
    let arrived = Arrived {
        path,
        query: query.0,
        body,
    };
    serve(call, arrived).await
}

/// A request behind the gate, its body not yet read.
struct Arrived<E: FromParts> {
    path: E::Path,
    query: E::Query,
    body: Body,
}

impl<E: FromParts> Arrived<E> {
    /// With its JSON body.
    async fn whole(self) -> Result<E, ApiError> {
        let (most, patience) = match E::ACCESS {
            // Whoever has not signed in yet has little to say, and does not keep the agent waiting.
            Access::Public => (LARGEST_PUBLIC_BODY, Duration::from_secs(10)),
            _ => (LARGEST_BODY, Duration::from_secs(120)),
        };
        let bytes = tokio::time::timeout(patience, to_bytes(self.body, most)).await;
        let bytes =
            bytes.map_err(|_| ApiError::invalid("The request did not arrive in time; send it again."))?;
        let bytes = bytes.map_err(|_| {
            let detail = format!(
                "The request is larger than {} KiB; send less at once.",
                most >> 10
            );
            ApiError::new(ErrorCode::TooLarge, detail)
        })?;
        let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        let body = serde_json::from_slice(text).map_err(|error| ApiError::invalid(sentence(&error)))?;
        Ok(E::from_parts(self.path, self.query, body))
    }

    /// With its body of plain bytes beside it.
    fn beside_bytes(self) -> Result<(E, Piece), ApiError> {
        let (request, body) = self.beside_body()?;
        Ok((request, Piece::new(body, E::BYTES.unwrap_or_default())))
    }

    /// With its body beside it, however long that is.
    fn beside_body(self) -> Result<(E, BodyDataStream), ApiError> {
        let none = serde_json::from_slice(b"null").map_err(|error| ApiError::internal(&error))?;
        let request = E::from_parts(self.path, self.query, none);
        Ok((request, self.body.into_data_stream()))
    }
}

fn in_json(answer: &impl serde::Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(answer).map_err(|error| ApiError::internal(&error))?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// What is wrong with a body, without the parser's position.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // The position is the last thing that the parser says; before it there may be words of the caller.
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(text, _)| text);
    let text = shown(text.trim_end_matches('.'));
    if text.starts_with("The ") {
        format!("{text}.")
    } else {
        format!("The request is not valid: {text}.")
    }
}

/// What is wrong with a query, without the framework's own words.
fn query_sentence(text: &str) -> String {
    let text = text.trim_start_matches("Failed to deserialize query string: ");
    format!("The query is not valid: {}.", shown(text.trim_end_matches('.')))
}

/// A parser's words, in which the caller's may be repeated: cut in the middle where they are long, without what splits a line or
/// hides.
fn shown(text: &str) -> String {
    const HEAD: usize = 100;
    const TAIL: usize = 300;
    let letters: Vec<char> = text.chars().filter(|c| !is_hidden(*c)).collect();
    match letters.len().checked_sub(TAIL) {
        Some(tail) if tail > HEAD => letters[..HEAD]
            .iter()
            .chain(&['…'])
            .chain(&letters[tail..])
            .collect(),
        _ => letters.into_iter().collect(),
    }
}

fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Delete => MethodFilter::DELETE,
    }
}

/// The client's id for the request if it is harmless, or a new one.
fn request_id(request: &Request) -> String {
    let given = request
        .headers()
        .get(REQUEST_ID_HEADER)
        .and_then(|value| value.to_str().ok());
    let harmless =
        |id: &&str| (8..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    given
        .filter(harmless)
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

fn with_id(mut answer: Response, request_id: &str) -> Response {
    if let Ok(value) = request_id.parse() {
        answer.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(body: &str) -> String {
        sentence(&serde_json::from_str::<std::collections::BTreeMap<String, u8>>(body).unwrap_err())
    }

    /// NFR-U2: what is wrong with a request is said with the place in it left out, and long words of its sender cut short.
    #[test]
    fn refusals_are_short() {
        assert_eq!(
            refusal("7"),
            "The request is not valid: invalid type: integer `7`, expected a map."
        );
        let long = refusal(&format!("\"{}\"", "a".repeat(70_000)));
        assert!(
            long.chars().count() < 500 && long.ends_with("aa\", expected a map."),
            "{long}"
        );
        assert_eq!(
            refusal("\" at line \""),
            "The request is not valid: invalid type: string \" at line \", expected a map."
        );
    }

    proptest! {
        /// NFR-S2, NFR-U2: whatever is sent, what is said of it is one line and short.
        #[test]
        fn refusals_are_one_line(text in "(?s).{0,600}") {
            let body = serde_json::to_string(&text).unwrap();
            for said in [refusal(&body), query_sentence(&text)] {
                prop_assert!(said.chars().count() < 500 && !said.contains(is_hidden));
            }
        }
    }
}
