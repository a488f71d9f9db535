//! What the engine says happened: lines of JSON, for as long as somebody listens (Docker Engine API, “Monitor events”).

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use serde_json::Value;

use super::raw::{self, encode};
use super::{Docker, DockerError, label};

/// What happened to a container of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    pub at: DateTime<Utc>,
    pub application: String,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Started,
    Ended {
        code: i64,
    },
    /// The kernel killed something in it, for want of memory.
    OutOfMemory,
    /// Its own health command failed, or succeeds again.
    Unhealthy,
    Healthy,
}

/// What of the Swarm has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Service,
    Node,
}

/// A node of the Swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub id: String,
    pub name: String,
    /// `ready`, `down`, … in Swarm's words.
    pub state: String,
    /// `active`, `pause` or `drain`.
    pub availability: String,
}

impl Docker {
    /// The engine's events that pass the filters, from a moment on or from now.
    pub(super) async fn events(
        &self,
        filters: &Value,
        since: Option<DateTime<Utc>>,
    ) -> Result<impl Stream<Item = Result<Value, DockerError>> + Send + use<>, DockerError> {
        let since = since.map(|since| {
            let (seconds, nanos) = (since.timestamp(), since.timestamp_subsec_nanos());
            format!("&since={seconds}.{nanos:09}")
        });
        let path = format!(
            "/events?filters={}{}",
            encode(&filters.to_string()),
            since.unwrap_or_default()
        );
        let bytes = raw::get_stream(&self.spoken().await?, &path).await?;
        let mut text = BytesMut::new();
        Ok(bytes.flat_map(move |chunk| {
            let events = match chunk {
                Ok(chunk) => {
                    text.extend_from_slice(&chunk);
                    take_lines(&mut text).into_iter().map(Ok).collect()
                }
                Err(error) => vec![Err(error)],
            };
            futures_util::stream::iter(events)
        }))
    }

    /// What happens to the containers of applications on this node.
    pub async fn happenings(
        &self,
        since: Option<DateTime<Utc>>,
    ) -> Result<impl Stream<Item = Result<Happening, DockerError>> + Send + use<>, DockerError> {
        let filters = serde_json::json!({
            "type": ["container"], "event": ["start", "die", "oom", "health_status"],
            "label": [self.own_label()]
        });
        let events = self.events(&filters, since).await?;
        Ok(events.filter_map(|event| async move { event.map(|event| happening(&event)).transpose() }))
    }

    /// That services or nodes of the Swarm have changed, from now on; only a manager's engine tells.
    pub async fn swarm_changes(
        &self,
    ) -> Result<impl Stream<Item = Result<Changed, DockerError>> + Send + use<>, DockerError> {
        let filters = serde_json::json!({ "type": ["service", "node"] });
        let events = self.events(&filters, None).await?;
        Ok(events.map(|event| {
            event.map(|event| match event["Type"].as_str() {
                Some("node") => Changed::Node,
                _ => Changed::Service,
            })
        }))
    }

    /// The nodes of the Swarm.
    pub async fn nodes(&self) -> Result<Vec<Node>, DockerError> {
        let list = self.get_json("/nodes").await?;
        let word = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
        let node = |node: &Value| Node {
            id: word(&node["ID"]),
            name: word(&node["Description"]["Hostname"]),
            state: word(&node["Status"]["State"]),
            availability: word(&node["Spec"]["Availability"]),
        };
        Ok(list.as_array().into_iter().flatten().map(node).collect())
    }
}

/// The whole lines; half a line stays. What is no JSON is null, and means nothing to anybody.
fn take_lines(text: &mut BytesMut) -> Vec<Value> {
    let mut lines = Vec::new();
    while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
        let line = text.split_to(end + 1);
        lines.push(serde_json::from_slice(&line).unwrap_or_default());
    }
    lines
}

fn happening(event: &Value) -> Option<Happening> {
    let attributes = &event["Actor"]["Attributes"];
    if attributes[label::COMMAND].is_string() {
        // Somebody runs it, and is told how it ends.
        return None;
    }
    let what = match event["Action"].as_str()? {
        "start" => What::Started,
        "die" => What::Ended {
            code: attributes["exitCode"].as_str()?.parse().ok()?,
        },
        "oom" => What::OutOfMemory,
        "health_status: unhealthy" => What::Unhealthy,
        "health_status: healthy" => What::Healthy,
        _ => return None,
    };
    Some(Happening {
        at: DateTime::from_timestamp_nanos(event["timeNano"].as_i64()?),
        application: attributes[label::APPLICATION].as_str()?.to_owned(),
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-06: the engine's lines are read as they come, in whatever pieces, and what means nothing here is passed over.
    #[test]
    fn lines_become_happenings() {
        let all = concat!(
            r#"{"Type":"container","Action":"die","Actor":{"ID":"c","Attributes":{"exitCode":"137","slipway.application":"a"}},"timeNano":1700000000000000001}"#,
            "\n",
            r#"{"Type":"container","Action":"health_status: unhealthy","Actor":{"ID":"c","Attributes":{"slipway.application":"a"}},"timeNano":1700000000000000002}"#,
            "\n",
            r#"{"Type":"container","Action":"exec_die","Actor":{"ID":"c","Attributes":{"slipway.application":"a"}},"timeNano":1}"#,
            "\nnonsense\n",
            r#"{"Type":"container","Action":"die","Actor":{"ID":"c","Attributes":{"exitCode":"3","slipway.application":"a","slipway.command":"r"}},"timeNano":3}"#,
            "\n",
        );
        let mut text = BytesMut::new();
        let mut seen = Vec::new();
        for piece in all.as_bytes().chunks(7) {
            text.extend_from_slice(piece);
            seen.extend(take_lines(&mut text).iter().filter_map(happening));
        }
        let what: Vec<_> = seen.iter().map(|one| one.what).collect();
        assert_eq!(what, [What::Ended { code: 137 }, What::Unhealthy]);
        assert_eq!(seen[0].at.timestamp_subsec_nanos(), 1);
        assert_eq!(seen[0].application, "a");
    }
}
