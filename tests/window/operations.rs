//! What is done to an application that runs, from its page: with a plan, and undone again.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::engine::text;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, PASSWORD, home_in, profile_of};
use acceptance::{load, person, wait};
use slipway_client::{Answers, Connection};
use slipway_protocol::identity::SignIn;
use slipway_protocol::settings::Replicas;
use slipway_protocol::{Secret, api};

const SHORT: Duration = Duration::from_secs(90);

/// A variable and a setting wait for a deployment. Its plan is looked at, refused because somebody else has changed a setting meanwhile, and
/// then taken as it is now.
pub async fn reload_what_waits(desk: &Desk, agent: &Agent, sshd: &Sshd) {
    person::open_application(desk, "web").await;
    desk.wait_until_says("pending-changes", "2 settings wait", SHORT)
        .await;
    desk.press("pending-plan").await;
    desk.wait_until_says("plan-changes", "2 settings change", SHORT)
        .await;
    desk.wait_until_says("plan-downtime", "none", SHORT).await;
    desk.shots("plan").await;

    change_a_setting(agent, sshd, "web", 2).await;
    desk.press("plan-apply").await;
    desk.wait_until_says("form-error", "has changed since this plan was made", SHORT)
        .await;
    desk.wait_until_says("plan-changes", "3 settings change", SHORT)
        .await;
    desk.shots("plan-refused").await;
    desk.press("plan-apply").await;
    person::deployment_ends(desk, "succeeded").await;
    desk.see("receipt").await;

    desk.press("compare").await;
    desk.wait_until_says("compare-changes", "variable GREETING", SHORT)
        .await;
    desk.shots("compare").await;
    desk.press("compare-close").await;
}

/// Stopped, it says so and serves nobody; started, it is as before.
pub async fn stop_and_start(desk: &Desk) {
    person::open_application(desk, "web").await;
    desk.press("deploy-more").await;
    desk.see("stop").await;
    desk.shots("application-actions").await;
    desk.press("stop").await;
    desk.wait_until_says("stop-dialog", "nobody serves", SHORT).await;
    desk.greyed("stop-confirm").await;
    desk.fill("stop-name", "web").await;
    desk.shots("stop").await;
    desk.press("stop-confirm").await;
    desk.wait_until_says("app-status", "stopped", SHORT).await;
    desk.wait_until_says("state-stopped", "no task runs", SHORT).await;
    desk.shots("application-stopped").await;
    desk.press("state-start").await;
    desk.wait_until_says("app-status", "running", SHORT).await;
}

/// More tasks by a plan; then somebody takes them away with Docker alone, which is seen and put back.
pub async fn scale_and_heal(desk: &Desk, agent: &Agent) {
    desk.press("deploy-more").await;
    desk.press("scale").await;
    desk.fill("scale-replicas", "3").await;
    desk.wait_until_says("plan-view", "3 at once at most", SHORT)
        .await;
    desk.shots("scale").await;
    desk.press("scale-apply").await;
    person::deployment_ends(desk, "succeeded").await;
    person::open_application(desk, "web").await;
    desk.wait_until_says("app-status", "3 of 3", SHORT).await;

    scale_behind_its_back(agent, 1).await;
    desk.wait_until_says("drift", "tasks", SHORT).await;
    desk.shots("application-drift").await;
    desk.press("drift-heal").await;
    desk.gone("drift").await;
    desk.wait_until_says("app-status", "3 of 3", SHORT).await;
}

/// The log's newest lines are all of one task; those that were silent meanwhile can be read alone all the same.
pub async fn read_a_silent_task(desk: &Desk, agent: &Agent, host: &str) {
    let (status, _) = load::get(agent.edge_port(), host, "/flood/1/512")
        .await
        .expect("an answer");
    assert_eq!(status, 200);
    desk.press("tab-logs").await;
    desk.wait_until_says("container-log", "flood ends", SHORT).await;
    // A page that begins anew has the last lines only.
    desk.press("tab-overview").await;
    desk.press("tab-logs").await;
    desk.wait_until_says("container-log", "flood ends", SHORT).await;
    let offered = "return [...document.querySelector('[data-testid=\"log-task\"]')?.options ?? []].map((one) => one.value)";
    wait::until("three tasks are offered", SHORT, async || {
        desk.run(offered)
            .await
            .as_array()
            .is_some_and(|all| all.len() == 4)
    })
    .await;
    let loud = desk.all_say("[data-testid=container-log] .log-who").await;
    let loud = loud.last().expect("a line").trim().to_owned();
    let all = desk.run(offered).await;
    let all = all.as_array().expect("a list").iter();
    let silent: Vec<&str> = all
        .filter_map(|name| name.as_str())
        .filter(|name| !name.is_empty() && *name != loud)
        .collect();
    assert_eq!(silent.len(), 2, "{silent:?} beside {loud}");
    for task in silent {
        let choose = format!(
            "const list = document.querySelector('[data-testid=\"log-task\"]'); list.value = '{task}';\
             list.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        );
        desk.run(&choose).await;
        wait::until("its line alone is shown", SHORT, async || {
            desk.all_say("[data-testid=container-log] .log-who").await == [task]
        })
        .await;
        desk.wait_until_says("container-log", "listens", SHORT).await;
    }
    desk.shots("logs-of-one-task").await;
    desk.press("tab-overview").await;
}

/// Another number of tasks, as somebody else would set it: with another program, over another connection.
pub async fn change_a_setting(agent: &Agent, sshd: &Sshd, name: &str, replicas: u64) {
    let folder = tempfile::Builder::new()
        .prefix("sw-home-")
        .tempdir()
        .expect("a folder");
    let answers = Answers {
        accepted_host_key: Some(sshd.fingerprint().await),
        ..Answers::default()
    };
    let connection = Connection::open(
        &home_in(folder.path()),
        &profile_of(sshd, &agent.socket()),
        answers,
    )
    .await
    .expect("a connection");
    let owner = SignIn {
        email: EMAIL.parse().expect("an address"),
        password: Secret::new(PASSWORD.to_owned()),
    };
    connection.sign_in(owner).await.expect("signed in");
    let environment = None;
    let all = connection
        .send(api::ListApplications { environment })
        .await
        .expect("the applications");
    let found = all.into_iter().find(|app| app.name.as_str() == name);
    let found = found.expect("the application");
    let mut body = found.settings;
    body.replicas = Replicas::try_from(replicas).expect("a number of tasks");
    let application = found.id;
    connection
        .send(api::UpdateApplication { application, body })
        .await
        .expect("it is changed");
}

async fn scale_behind_its_back(agent: &Agent, replicas: u64) {
    let all = agent.engine().services(agent.instance()).await;
    let serves = |service: &serde_json::Value| {
        service["Spec"]["Labels"]["slipway.deployment"].is_string()
            && service["Spec"]["Mode"]["Replicated"]["Replicas"] != 0
    };
    let service = all.into_iter().find(serves).expect("a serving service");
    let change = |spec: &mut serde_json::Value| spec["Mode"]["Replicated"]["Replicas"] = replicas.into();
    agent.engine().change_service(text(&service["ID"]), change).await;
}
