//! What the window costs, and how soon it shows what has changed: the real app on a display of its own, in a real webview.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use acceptance::desk::Desk;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::stage::{Stage, new_application};
use acceptance::{person, process, usage};
use serde_json::{Value, json};
use slipway_protocol::{EnvironmentId, api};

use crate::{first_page, median, mib, millis, ms, tell};

const IDLE: Duration = Duration::from_secs(20);
const APPLICATIONS: usize = 500;
/// Of lines of 100 bytes: a little more than a million.
const LOG_MEBIBYTES: u64 = 100;
const ROUNDS: usize = 7;

pub async fn measure() {
    let stage = Stage::set().await;
    let keyring = Keyring::start().await;
    first_page::measure(&keyring).await;
    // From here on a driver presses the buttons, which has its share in the memory.
    let desk = Desk::open(&keyring).await;
    desk.see("add-cluster").await;
    tell("memory, driven, no cluster", mib(memory()));
    person::come_back(&desk, "bench", &stage).await;
    let environment = stage.environment("Window").await;
    desk.wait_until_says("projects", "Window", Duration::from_secs(20))
        .await;
    tell("idle, one cluster open (0 %)", idle().await);
    // These pages ask at a pace of their own.
    let home = desk.run("return location.hash").await;
    let home = home.as_str().unwrap_or_default().to_owned();
    for (page, shown) in [(format!("{home}/health"), "health"), ("#/".to_owned(), "fleet")] {
        go_to(&desk, &page).await;
        desk.see(shown).await;
        tell(&format!("idle on {shown} (0 %)"), idle().await);
    }
    go_to(&desk, &home).await;
    desk.see("projects").await;
    change_to_screen(&desk, &stage, environment).await;
    for number in 0..APPLICATIONS {
        create(&stage, environment, &format!("many-{number:03}")).await;
    }
    // Only the rows that can be seen are in the page.
    let all = format!("{} applications", APPLICATIONS + ROUNDS);
    desk.wait_until_says("projects", &all, Duration::from_secs(60))
        .await;
    let p95 = frames(&desk, 60).await;
    tell("frame, 95th of 100, 500 applications (≤ 32 ms)", p95);
    tell("idle with 500 applications (0 %)", idle().await);
    tell("memory with 500 applications", mib(memory()));
    long_log(&desk, &stage, environment).await;
    desk.close().await;
}

async fn go_to(desk: &Desk, page: &str) {
    let go = "location.hash = arguments[0]";
    let went = desk.client().execute(go, vec![json!(page)]).await;
    went.expect("another page");
}

/// A million lines: as they come, and as somebody reads upwards in them.
async fn long_log(desk: &Desk, stage: &Stage, environment: EnvironmentId) {
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "long-log", &repo.url()).await.id;
    stage.deploy_well(application).await;
    let cluster = desk.run("return location.hash.split('/')[2]").await;
    let page = format!(
        "#/c/{}/app/{application}/logs",
        cluster.as_str().unwrap_or_default()
    );
    go_to(desk, &page).await;
    desk.see("container-log").await;
    let (status, said) = stage
        .get("long-log", &format!("/flood/{LOG_MEBIBYTES}/100"))
        .await;
    assert_eq!(status, 200, "{said}");
    let before = usage::processor_time_of(&processes());
    desk.wait_until_says("container-log", "flood ends", Duration::from_secs(120))
        .await;
    let used = usage::processor_time_of(&processes()).saturating_sub(before);
    tell("processor time for 1,000,000 lines", ms(used));
    // Who follows is led back to the end.
    desk.press("log-follow").await;
    let p95 = frames(desk, -60).await;
    tell("frame, 95th of 100, 1,000,000 lines (≤ 32 ms)", p95);
    tell("memory with 1,000,000 lines", mib(memory()));
}

/// The app and the processes of its webview.
fn processes() -> Vec<u32> {
    let own = process::descendants(std::process::id());
    let belongs = |line: &str| line.contains("slipway-desktop") || line.contains("WebKit");
    let all = own
        .iter()
        .filter(|(_, line)| belongs(line) && !line.contains("Driver"));
    all.filter_map(|(pid, _)| u32::try_from(*pid).ok()).collect()
}

fn memory() -> u64 {
    processes().into_iter().map(usage::proportional).sum()
}

async fn idle() -> String {
    let used = || usage::processor_time_of(&processes());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = used();
    tokio::time::sleep(IDLE).await;
    let share = (used().saturating_sub(before)).as_secs_f64() * 100.0 / IDLE.as_secs_f64();
    format!("{share:.1} % of a core")
}

async fn create(stage: &Stage, environment: EnvironmentId, name: &str) {
    let body = new_application(name, "/nowhere/repository", 8080);
    let created = stage
        .connection
        .send(api::CreateApplication { environment, body })
        .await;
    created.expect("an application");
}

/// From the API's answer to somebody else's change until the page shows it.
async fn change_to_screen(desk: &Desk, stage: &Stage, environment: EnvironmentId) {
    let script = "const [words, done] = arguments; const end = Date.now() + 20000;
        const look = () => { if (document.body.textContent.includes(words)) { done(Date.now()) }
          else if (Date.now() > end) { done(-1) } else { requestAnimationFrame(look) } }; look()";
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let name = format!("seen-{round}");
        let change = async {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            create(stage, environment, &name).await;
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
        };
        let (seen, changed) = tokio::join!(desk.client().execute_async(script, vec![json!(name)]), change);
        let seen = seen.expect("it is seen").as_f64().unwrap_or(-1.0);
        times.push(Duration::from_secs_f64(
            (seen - millis(changed)).max(0.0) / 1000.0,
        ));
    }
    tell("a change until the page shows it (≤ 250 ms)", ms(median(times)));
}

/// Scrolls through what is long on the page by so many pixels in each frame: how long a frame takes.
async fn frames(desk: &Desk, step: i32) -> String {
    let script = "const [by, done] = arguments;
        const all = [...document.querySelectorAll('*')].filter((one) => one.scrollHeight > one.clientHeight + 2000 && getComputedStyle(one).overflowY !== 'visible');
        const area = all[0] ?? document.scrollingElement; const times = []; let last = performance.now();
        const step = (now) => { times.push(now - last); last = now; area.scrollTop += by;
          if (times.length < 240) { requestAnimationFrame(step) } else { done(times.slice(1)) } };
        requestAnimationFrame(step)";
    let times = desk.client().execute_async(script, vec![json!(step)]).await;
    let mut times: Vec<f64> = times
        .expect("frames")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    let at = times.len() * 95 / 100;
    let p95 = times.get(at).copied().unwrap_or_default();
    format!("{p95:.0} ms")
}
