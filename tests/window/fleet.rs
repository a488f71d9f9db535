//! Several clusters in one window: what happens to one is nothing to the others.

use std::time::{Duration, Instant};

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::{load, person};

const HOST: &str = "web.example.org";
const SHORT: Duration = Duration::from_secs(90);
const NAMES: [&str; 3] = ["amsterdam", "berlin", "cairo"];

/// FR-CON-08, FR-CON-09, FR-OBS-01: with three clusters open, the server of one takes no connections for a while: its screen is marked,
/// stays readable and greys what cannot be done, the other two keep the connections that they have and go on live; it comes back by itself soon
/// after its server does, and the log that was followed has neither a gap nor a repeat. Attempts can be stopped, and begun again. A form
/// that was left half-filled is as it was.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_clusters_goes_and_comes_back() {
    let agents: [Agent; 3] = tokio::join!(Agent::start(), Agent::start(), Agent::start()).into();
    let mut sshds: [Sshd; 3] = tokio::join!(Sshd::start(), Sshd::start(), Sshd::start()).into();
    let keyring = Keyring::start().await;
    let repo = GitRepo::echo("1").await;
    let desk = Desk::open(&keyring).await;
    for ((name, agent), sshd) in NAMES.iter().zip(&agents).zip(&sshds) {
        desk.press("rail-add").await;
        person::describe_cluster(&desk, name, sshd, &agent.socket()).await;
        desk.press("connect").await;
        desk.press("host-key-accept").await;
        person::take_invitation(&desk, agent).await;
        person::create_project(&desk, &format!("shop of {name}")).await;
    }
    desk.press("rail-cluster-berlin").await;
    desk.wait_until_says("projects", "shop of berlin", SHORT).await;
    person::create_application(&desk, "web", &repo.url(), HOST).await;
    person::deploy(&desk).await;
    person::deployment_ends(&desk, "succeeded").await;
    switches(&desk).await;

    let log = follows_the_log(&desk, &agents[1]).await;
    let taken = [sshds[0].connections(), sshds[2].connections()];
    sshds[1].pause();
    desk.wait_until_says("log-state", "interrupted", SHORT).await;
    desk.see("link-banner").await;
    is_greyed(&desk).await;
    says(&agents[1], 4..7).await;
    the_others_go_on(&desk).await;
    desk.shots("one-of-three-lost").await;
    // By its address: a click of its own would be one.
    go(&desk, &log).await;
    desk.see("link-banner").await;

    sshds[1].resume().await;
    let back = Instant::now();
    desk.gone("link-banner").await;
    // Printed, not proved: this machine is busy with other tests. The driver sees it some tenths of a second late.
    eprintln!("back {:.1} s after its server", back.elapsed().as_secs_f64());
    desk.wait_until_says("log-state", "live", SHORT).await;
    says(&agents[1], 7..10).await;
    has_line(&desk, 9).await;
    each_line_once(&desk, 9).await;

    // The same while the page stays open: the stream itself goes on.
    sshds[1].pause();
    desk.wait_until_says("log-state", "interrupted", SHORT).await;
    says(&agents[1], 10..12).await;
    sshds[1].resume().await;
    has_line(&desk, 11).await;
    each_line_once(&desk, 11).await;
    assert_eq!(
        [sshds[0].connections(), sshds[2].connections()],
        taken,
        "the others keep their connections"
    );
    stops_trying(&desk, &mut sshds[1]).await;
    keeps_what_was_typed(&desk).await;
    desk.close().await;
}

/// Going from one cluster to another that was seen before.
async fn switches(desk: &Desk) {
    let mut homes = Vec::new();
    for name in NAMES {
        desk.press(&format!("rail-cluster-{name}")).await;
        desk.wait_until_says("projects", name, SHORT).await;
        homes.push((address(desk).await, name));
    }
    let mut times = Vec::new();
    for (hash, name) in homes.iter().cycle().take(12) {
        times.push(desk.time_to(hash, "projects", name).await);
    }
    times.sort_by(f64::total_cmp);
    // Printed, not proved: this machine is busy with other tests.
    eprintln!(
        "switching clusters: {:.0} ms at best, {:.0} ms in the middle, {:.0} ms at worst",
        times[0], times[6], times[11]
    );
}

async fn address(desk: &Desk) -> String {
    let url = desk.client().current_url().await.expect("an address");
    format!("#{}", url.fragment().expect("a page"))
}

async fn go(desk: &Desk, hash: &str) {
    let script = "location.hash = arguments[0]";
    desk.client()
        .execute(script, vec![hash.into()])
        .await
        .expect("an address");
}

/// Opens the log of the application in the middle one; gives the page's address.
async fn follows_the_log(desk: &Desk, agent: &Agent) -> String {
    desk.press("rail-cluster-berlin").await;
    person::open_application(desk, "web").await;
    desk.press("tab-logs").await;
    desk.wait_until_says("container-log", "listens", SHORT).await;
    says(agent, 1..4).await;
    has_line(desk, 3).await;
    desk.wait_until_says("log-state", "live", SHORT).await;
    address(desk).await
}

/// The application writes these lines.
async fn says(agent: &Agent, lines: std::ops::Range<u32>) {
    for line in lines {
        let said = load::get(agent.edge_port(), HOST, &format!("/say/line-{line}")).await;
        assert_eq!(said.expect("an answer").0, 200);
    }
}

/// The numbers of the lines that are shown. By their rows: in the text of the whole pane a line's end meets the next one's time.
async fn lines(desk: &Desk) -> Vec<u32> {
    let said = desk.all_say("[data-testid=container-log] .log-text").await;
    let numbers = said.iter().map(|line| line.trim().strip_prefix("line-"));
    numbers.filter_map(|line| line?.parse().ok()).collect()
}

async fn has_line(desk: &Desk, line: u32) {
    let there = async || lines(desk).await.contains(&line);
    acceptance::wait::until(&format!("line {line} is shown"), SHORT, there).await;
}

async fn each_line_once(desk: &Desk, last: u32) {
    let wanted: Vec<u32> = (1..=last).collect();
    let what = format!("each of {last} lines is shown once");
    acceptance::wait::until(&what, SHORT, async || lines(desk).await == wanted).await;
}

/// What would only wait and fail says so instead.
async fn is_greyed(desk: &Desk) {
    for id in ["deploy", "roll-back", "app-tags"] {
        desk.greyed(id).await;
        acceptance::wait::until(&format!("{id} says why"), SHORT, async || {
            let hint = desk.see(id).await.attr("title").await;
            hint.is_ok_and(|hint| hint.is_some_and(|hint| hint.contains("no connection")))
        })
        .await;
    }
}

/// The other two are live: what is made there now is there now.
async fn the_others_go_on(desk: &Desk) {
    for name in ["amsterdam", "cairo"] {
        desk.press(&format!("rail-cluster-{name}")).await;
        desk.wait_until_says("projects", name, SHORT).await;
        assert!(!desk.is_shown("link-banner").await, "{name} is connected");
        person::create_project(desk, &format!("meanwhile in {name}")).await;
        desk.wait_until_says("projects", &format!("meanwhile in {name}"), SHORT)
            .await;
        desk.wait_until_says("status-bar", "live", SHORT).await;
    }
}

/// Attempts are stopped and begun again by the person alone.
async fn stops_trying(desk: &Desk, sshd: &mut Sshd) {
    sshd.pause();
    desk.press("stop-link").await;
    desk.wait_until_says("link-banner", "was stopped", SHORT).await;
    let before = sshd.connections();
    sshd.resume().await;
    // The test's own look whether it listens is a connection, too.
    acceptance::wait::until("the look is written down", SHORT, async || {
        sshd.connections() > before
    })
    .await;
    let before = sshd.connections();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(desk.is_shown("link-banner").await, "nothing is tried");
    assert_eq!(sshd.connections(), before, "nothing is tried");
    desk.press("connect-again").await;
    desk.gone("link-banner").await;
}

/// A form that was left half-filled is as it was, after another cluster was looked at.
async fn keeps_what_was_typed(desk: &Desk) {
    desk.press("rail-cluster-amsterdam").await;
    desk.wait_until_says("projects", "amsterdam", SHORT).await;
    desk.press("new-app").await;
    desk.fill("app-name", "half-typed").await;
    desk.press("rail-cluster-cairo").await;
    desk.wait_until_says("projects", "cairo", SHORT).await;
    desk.press("rail-cluster-amsterdam").await;
    desk.wait_until_says("projects", "amsterdam", SHORT).await;
    desk.press("new-app").await;
    desk.holds("app-name", "half-typed").await;
}
