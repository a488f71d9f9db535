//! The commands of the desktop shell. Arguments, answers, messages and failures all travel as JSON texts, because a
//! JavaScript number cannot hold the nanoseconds that number the lines of container logs.
//!
//! What comes is made visible here ([`crate::visible`]), so that no page can forget it.

mod stream;

use js_sys::{JSON, Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_protocol::desktop::{ApiCall, Failure, FailureKind, command};
use slipway_protocol::{ClusterId, Endpoint, TeamId};
use wasm_bindgen::prelude::*;

use crate::fingerprint::Fingerprint;
use crate::state::teams;
use crate::visible;

pub use stream::{Stream, follow, watch};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["window", "__TAURI__", "core"])]
    async fn invoke(name: &str, args: &JsValue) -> Result<JsValue, JsValue>;
}

/// Runs a command that takes a request.
pub async fn call<A: Serialize, R: DeserializeOwned>(name: &str, request: &A) -> Result<R, Failure> {
    send(name, Some(to_json(request)?), None).await
}

/// Runs a command that takes nothing.
pub async fn ask<R: DeserializeOwned>(name: &str) -> Result<R, Failure> {
    send(name, None, None).await
}

/// Calls the API of a cluster's agent.
pub async fn api<E: Endpoint>(cluster: ClusterId, endpoint: E) -> Result<E::Response, Failure> {
    let request = endpoint
        .into_raw()
        .map_err(|error| broken("The request cannot be written", &error))?;
    let call = ApiCall {
        cluster,
        team: teams::of(cluster),
        request,
    };
    self::call(command::API_CALL, &call).await
}

/// Calls it again for a team: none where the answer is, to the letter, the last one, which is then not even read. `last` knows it again.
pub async fn api_again<E: Endpoint>(
    cluster: ClusterId,
    team: Option<TeamId>,
    endpoint: E,
    last: &mut Option<Fingerprint>,
) -> Result<Option<E::Response>, Failure> {
    let request = endpoint
        .into_raw()
        .map_err(|error| broken("The request cannot be written", &error))?;
    let args = to_json(&ApiCall {
        cluster,
        team,
        request,
    })?;
    let text = run(command::API_CALL, Some(args), None).await?;
    let now = Some(Fingerprint::of(&text));
    if *last == now {
        return Ok(None);
    }
    let answer = from_json(&visible::in_json(&text))?;
    *last = now;
    Ok(Some(answer))
}

async fn send<R: DeserializeOwned>(
    name: &str,
    args: Option<String>,
    channel: Option<&JsValue>,
) -> Result<R, Failure> {
    let text = run(name, args, channel).await?;
    // Lines of logs hold the codes of their colours, what is on disk was read through here before, and what was typed stays as it was typed.
    if matches!(
        name,
        command::READ_LOGS | command::LOAD_STATE | command::LOAD_DRAFTS
    ) {
        return from_json(&text);
    }
    from_json(&visible::in_json(&text))
}

/// Runs a command; gives its answer as it came.
async fn run(name: &str, args: Option<String>, channel: Option<&JsValue>) -> Result<String, Failure> {
    let arguments = Object::new();
    if let Some(args) = args {
        set(&arguments, "args", &JsValue::from_str(&args));
    }
    if let Some(channel) = channel {
        set(&arguments, "channel", channel);
    }
    match invoke(name, &arguments).await {
        Ok(answer) => Ok(text_of(&answer)),
        Err(refusal) => Err(failure_of(&refusal)),
    }
}

fn set(object: &Object, key: &str, value: &JsValue) {
    // A plain object takes every key.
    let _ = Reflect::set(object, &JsValue::from_str(key), value);
}

fn to_json<A: Serialize>(value: &A) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| broken("The request cannot be written", &error))
}

fn from_json<R: DeserializeOwned>(text: &str) -> Result<R, Failure> {
    serde_json::from_str(text).map_err(|error| broken("The answer of the app is not understood", &error))
}

/// The JSON text of what came: itself if it is one, else what JavaScript writes for the value.
fn text_of(value: &JsValue) -> String {
    if let Some(text) = value.as_string() {
        return text;
    }
    let written = JSON::stringify(value).ok().and_then(|text| text.as_string());
    written.unwrap_or_else(|| "null".to_owned())
}

fn failure_of(refusal: &JsValue) -> Failure {
    let text = match refusal.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => text_of(refusal),
    };
    let text = visible::in_json(&text);
    serde_json::from_str(&text).unwrap_or_else(|_| Failure::new(FailureKind::App, visible::visible(&text)))
}

fn broken(what: &str, error: &serde_json::Error) -> Failure {
    Failure::new(
        FailureKind::App,
        format!("{what}: {error}; a newer version of the app may help."),
    )
}
