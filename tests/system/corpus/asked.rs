//! What strangers send to a deploy URL: nothing of it but the secret counts, in whatever form it comes.

use acceptance::stage::host_of;
use acceptance::{load, wait};
use serde_json::{Value, json};
use slipway_protocol::api;
use slipway_protocol::deploy_url::{NewDeployUrl, PREFIX, path_of};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};

use super::shapes::{LIMIT, Shape};
use super::values::encode;

/// A header may hold it, and nobody on the way takes something off it.
fn is_header(text: &&String) -> bool {
    text.trim() == text.as_str() && text.len() < 1000 && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

impl Shape<'_> {
    /// Addresses and secrets that are texts are refused. With the right ones a deployment is asked for, and no other than by hand, whatever
    /// stands in the body, the query and the headers.
    pub async fn asked_by_strangers(&self, made: &NewDeployUrl) {
        let path = path_of(self.application);
        let bearer = format!("Bearer {}", made.secret.expose());
        wait::until("the deploy URL is reached", LIMIT, async || {
            let asked = self.post(&path, &[("authorization", "wrong")], Vec::new()).await;
            matches!(asked, Ok((401, _)))
        })
        .await;
        let before = self.newest().await.number;
        for text in &self.texts {
            let encoded = encode(text.as_bytes());
            for path in [
                format!("{PREFIX}{encoded}"),
                format!("{path}/{encoded}"),
                format!("{path}%00{encoded}"),
            ] {
                self.assert_refused(&path, &bearer).await;
            }
        }
        for text in self.texts.iter().filter(is_header) {
            self.assert_refused(&path, &format!("Bearer {text}")).await;
            self.assert_refused(&path, &format!("{bearer}{text}")).await;
        }
        assert_eq!(self.newest().await.number, before, "somebody was let in");
        self.ask_rightly(&path, &bearer).await;
        let asked = self.newest().await;
        assert_eq!(asked.number, before + 1);
        let ended = self.stage.end_of(asked.id).await;
        assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    }

    /// As a forge does, whose repository, branch and commit are hostile.
    async fn ask_rightly(&self, path: &str, bearer: &str) {
        let settings = self.stage.view(self.application).await.settings;
        let all = self.texts.join("\n");
        let body = json!({
            "ref": format!("refs/heads/{all}"), "before": all, "after": self.texts[0], "deployment": all,
            "repository": { "clone_url": format!("ext::{all}"), "default_branch": all },
            "head_commit": { "id": all, "message": all, "author": { "name": all, "email": all } },
            "push_data": { "tag": all }, "events": [{ "target": { "repository": all, "tag": all } }],
        });
        let target = format!(
            "{path}?ref={0}&branch={0}&image={0}",
            encode(self.texts[0].as_bytes())
        );
        let plain = self.texts.iter().find(is_header).cloned().unwrap_or_default();
        let headers = [
            ("authorization", bearer),
            ("content-type", "application/json"),
            ("user-agent", plain.as_str()),
            ("x-github-event", plain.as_str()),
            ("x-hub-signature-256", plain.as_str()),
            ("x-gitlab-event", plain.as_str()),
        ];
        let asked = self.post(&target, &headers, body.to_string().into_bytes()).await;
        let (status, answer) = asked.expect("an answer");
        assert_eq!(status, 202, "{}", String::from_utf8_lossy(&answer));
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert!(answer["deployment"].is_u64(), "{answer}");
        assert_eq!(self.stage.view(self.application).await.settings, settings);
    }

    async fn assert_refused(&self, path: &str, authorization: &str) {
        let asked = self
            .post(path, &[("authorization", authorization)], Vec::new())
            .await;
        let (status, body) = asked.expect("an answer");
        assert!(
            (400..500).contains(&status),
            "{path} {authorization}: {status} {}",
            String::from_utf8_lossy(&body)
        );
    }

    async fn newest(&self) -> DeploymentView {
        let application = self.application;
        let all = self
            .stage
            .connection
            .send(api::ListDeployments::of(application))
            .await;
        all.expect("the history").swap_remove(0)
    }

    async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<(u16, Vec<u8>), String> {
        let port = self.stage.agent.edge_port();
        load::post_body(port, &host_of(self.name), path, headers, body).await
    }
}
