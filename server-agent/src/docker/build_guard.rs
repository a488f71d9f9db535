//! The container that holds the limits of builds on a build node which is another machine. Docker takes no limits with a build, and the agent
//! has no other way there than Docker: so its own program runs there for as long as such a build does, with the control groups of that
//! machine lent to it. See decision 0030.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListImagesOptionsBuilder, StopContainerOptionsBuilder,
};
use futures_util::StreamExt;
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio_stream::wrappers::ReceiverStream;

use super::build::lines;
use super::raw::{self, encode, unreachable};
use super::release_spec::lent;
use super::{Docker, DockerError, ExecRequest, context, label, passing};

/// Where the control groups of that machine are in the container.
pub const LENT_GROUPS: &str = "/groups";
/// Where it finds other limits than those it was started with: in memory, and gone with it.
pub const GUARD_ORDERS: &str = "/orders";
const ORDERS_ARE: &str = "rw,noexec,nosuid,nodev,size=64k,mode=0700";
/// What it says once the limits hold. Anything else is why they do not.
pub const THEY_HOLD: &str = "the limits hold";
/// The program in the image, which has nothing else in it.
const PROGRAM: &str = "slipway-agent";
/// The role of the container.
const ROLE: &str = "build-guard";
/// What it may use itself. With limits of its own systemd keeps memory and processor of its neighbours apart too, which is what their limits
/// need.
const OWN_MEMORY: i64 = 128 << 20;
const OWN_PROCESSOR: i64 = 200_000_000;
/// A program that was linked to the libraries of a machine takes those that it finds there. Released ones need none.
const LIBRARIES: &[&str] = if cfg!(target_env = "musl") {
    &[]
} else {
    &["/lib", "/lib64", "/usr/lib"]
};
/// It says that by then.
const FIRST_WORDS: Duration = Duration::from_secs(20);
/// Its words are a line: no more is read of them.
const LONGEST_WORDS: u64 = 4096;
/// So long it may take to give the limits back, in seconds.
const GRACE: i32 = 3;
/// The name of one that has just ended is free a moment later.
const TRIES: u32 = 10;
const AGAIN: Duration = Duration::from_millis(200);

impl Docker {
    /// An image with this very program in it; its tag. `digest` tells one program from another.
    pub async fn ensure_guard_image(&self, program: &Path, digest: &str) -> Result<String, DockerError> {
        let repository = format!("{}/{ROLE}", self.instance());
        let tag = format!("{repository}:{digest}");
        if self.find_image(&tag).await?.is_some() {
            return Ok(tag);
        }
        for other in self.guard_images(&repository).await? {
            self.remove_image(&other).await?;
        }
        let spoken = self.spoken().await?;
        let path = format!(
            "/images/create?fromSrc=-&repo={}&tag={}",
            encode(&repository),
            encode(digest)
        );
        let pieces = ReceiverStream::new(context::program(program, PROGRAM));
        let body = StreamBody::new(pieces.map(|piece| piece.map(Frame::data)));
        let answer = raw::post_stream(&spoken, &path, "application/x-tar", body).await?;
        let mut reports = std::pin::pin!(lines(answer));
        while let Some(report) = reports.next().await {
            let report: serde_json::Value = serde_json::from_slice(&report?).map_err(unreachable)?;
            if let Some(error) = report["error"].as_str() {
                return Err(DockerError::Refused(error.to_owned()));
            }
        }
        Ok(tag)
    }

    /// Those of earlier versions.
    async fn guard_images(&self, repository: &str) -> Result<Vec<String>, DockerError> {
        let filters = HashMap::from([("reference", vec![repository.to_owned()])]);
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        let images = self.api().await?.list_images(Some(options)).await?;
        let own = format!("{repository}:");
        let tags = images.into_iter().flat_map(|image| image.repo_tags);
        Ok(tags.filter(|tag| tag.starts_with(&own)).collect())
    }

    /// Starts the one container of this agent, and waits until it has had its first look; why the limits do not hold, if they do not.
    pub async fn start_guard(
        &self,
        image: &str,
        arguments: Vec<String>,
    ) -> Result<Option<String>, DockerError> {
        let name = self.guard_name();
        let labels = label::own(self.instance(), &[(label::ROLE, ROLE)]);
        let body = body(image, labels, arguments);
        let mut tries = 0;
        let id = loop {
            let options = CreateContainerOptionsBuilder::default().name(&name).build();
            let made = self
                .api()
                .await?
                .create_container(Some(options), body.clone())
                .await;
            match made.map_err(DockerError::from) {
                Ok(made) => break made.id,
                Err(DockerError::Conflict) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(AGAIN).await;
        };
        if let Err(error) = self.api().await?.start_container(&id, None).await {
            self.remove_guard().await?;
            return Err(error.into());
        }
        let words = match tokio::time::timeout(FIRST_WORDS, self.first_words(&id)).await {
            Ok(words) => words?.unwrap_or_else(|| "the container ended at once".to_owned()),
            Err(_) => "the container did not say in time that they hold".to_owned(),
        };
        if words == THEY_HOLD {
            return Ok(None);
        }
        self.stop_guard().await?;
        Ok(Some(words))
    }

    /// What it says first; `None` where it ends without a word.
    async fn first_words(&self, container: &str) -> Result<Option<String>, DockerError> {
        let spoken = self.spoken().await?;
        let path = format!(
            "/containers/{}/logs?follow=true&stdout=true&stderr=true",
            encode(container)
        );
        let said = match raw::get_stream(&spoken, &path).await {
            Ok(said) => said,
            // It has gone already.
            Err(DockerError::NotFound | DockerError::Conflict) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut said = std::pin::pin!(lines(said));
        let line = said.next().await.transpose()?;
        Ok(line.map(|line| String::from_utf8_lossy(&line).trim().to_owned()))
    }

    /// Lets the one that runs hold other limits, without an end in between; why it does not, if so.
    pub async fn change_guard(&self, mut arguments: Vec<String>) -> Result<Option<String>, DockerError> {
        arguments.insert(0, format!("/{PROGRAM}"));
        arguments.push("--change".to_owned());
        let request = ExecRequest {
            container: &self.guard_name(),
            command: &arguments,
            environment: Vec::new(),
            // Without it each piece of the output has a head.
            screen: true,
        };
        let exec = self.create_exec(request).await?;
        let answer = self.start_exec(&exec, true).await?;
        let mut said = Vec::new();
        let mut answer = BufReader::new(TokioIo::new(answer).take(LONGEST_WORDS));
        let read = tokio::time::timeout(FIRST_WORDS, answer.read_until(b'\n', &mut said)).await;
        let Ok(read) = read else {
            return Ok(Some(
                "the container did not say in time that they hold".to_owned(),
            ));
        };
        read.map_err(unreachable)?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        Ok((said != THEY_HOLD).then_some(said))
    }

    /// Lets it give the limits back, and ends it. Absent is fine.
    pub async fn stop_guard(&self) -> Result<(), DockerError> {
        let options = StopContainerOptionsBuilder::default().t(GRACE).build();
        let stopped = self
            .api()
            .await?
            .stop_container(&self.guard_name(), Some(options))
            .await;
        match stopped.map_err(DockerError::from) {
            Err(DockerError::NotFound) => Ok(()),
            Err(error @ DockerError::Unreachable(_)) => Err(error),
            // Whatever is left of it.
            Ok(()) | Err(_) => self.remove_guard().await,
        }
    }

    async fn remove_guard(&self) -> Result<(), DockerError> {
        self.remove_by_force(&self.guard_name()).await
    }

    fn guard_name(&self) -> String {
        format!("{}-{ROLE}", self.instance())
    }
}

/// It has the control groups, and no right, network, folder or name besides.
fn body(image: &str, labels: HashMap<String, String>, arguments: Vec<String>) -> ContainerCreateBody {
    let mut mounts = vec![lent("/sys/fs/cgroup", LENT_GROUPS, false)];
    let libraries = LIBRARIES.iter().filter(|folder| Path::new(folder).is_dir());
    mounts.extend(libraries.map(|folder| lent(folder, folder, true)));
    let host = HostConfig {
        memory: Some(OWN_MEMORY),
        nano_cpus: Some(OWN_PROCESSOR),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(["no-new-privileges", "label=disable"].map(str::to_owned).to_vec()),
        readonly_rootfs: Some(true),
        tmpfs: Some(HashMap::from([(GUARD_ORDERS.to_owned(), ORDERS_ARE.to_owned())])),
        // Its first words are read, whatever that machine does with logs otherwise.
        ..passing::host(mounts, "json-file")
    };
    ContainerCreateBody {
        entrypoint: Some(vec![format!("/{PROGRAM}")]),
        cmd: Some(arguments),
        // Without it each piece of the output has a head.
        tty: Some(true),
        ..passing::container(image, labels, host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03, NFR-S1: what holds the limits has the control groups and nothing else for writing, no right, no network, and does not stay.
    #[test]
    fn it_has_the_control_groups_alone() {
        let body = body(
            "slipway/build-guard:1",
            HashMap::new(),
            vec!["build-guard".to_owned()],
        );
        assert_eq!(body.entrypoint.unwrap(), ["/slipway-agent"]);
        let host = body.host_config.unwrap();
        let writable: Vec<_> = host
            .mounts
            .unwrap()
            .into_iter()
            .filter(|mount| mount.read_only == Some(false))
            .filter_map(|mount| mount.source)
            .collect();
        assert_eq!(writable, ["/sys/fs/cgroup"]);
        let in_memory: Vec<_> = host.tmpfs.unwrap().into_keys().collect();
        assert_eq!(in_memory, [GUARD_ORDERS]);
        assert_eq!(
            (host.auto_remove, host.network_mode.as_deref(), host.privileged),
            (Some(true), Some("none"), None)
        );
        assert_eq!(
            (host.cap_drop.unwrap(), host.cap_add),
            (vec!["ALL".to_owned()], None)
        );
    }
}
