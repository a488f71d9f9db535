//! Lists: sorted, filtered, several rows chosen at once, copied and acted on together; and by what an application is found again.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::Desk;
use acceptance::sshd::Sshd;
use acceptance::wait;

use crate::operations;

const SHORT: Duration = Duration::from_secs(90);
/// As WebDriver writes these keys.
const SHIFT: char = '\u{e008}';
const CONTROL: char = '\u{e009}';
const UP: char = '\u{e013}';
const DOWN: char = '\u{e015}';
const ESCAPE: char = '\u{e00c}';

/// The names in the environment `staging`, which has `web` and `web-two`.
const NAMES: &str = "[data-testid=\"environment-shop-staging\"] .row strong";

/// FR-DSK-04, FR-DSK-06, FR-PRJ-01, FR-PRJ-05: on the projects page, with two applications in `staging`.
pub async fn sort_choose_and_find(desk: &Desk, agent: &Agent, sshd: &Sshd) {
    sorts(desk).await;
    copies_as_json(desk).await;
    chooses_no_more_what_is_gone(desk).await;
    chooses_in_one_list(desk).await;
    leaves_a_column_out(desk).await;
    deploys_together(desk, agent, sshd).await;
    finds_by_tag(desk).await;
    walks_a_long_list(desk).await;
}

async fn sorts(desk: &Desk) {
    let press = "[data-testid=\"environment-shop-staging\"] [data-testid=\"applications-sort-name\"]";
    for wanted in [["web", "web-two"], ["web-two", "web"], ["web", "web-two"]] {
        desk.press_css(press).await;
        wait::until("it is sorted", SHORT, async || {
            desk.all_say(NAMES).await == wanted
        })
        .await;
    }
}

/// Both rows, by the keys alone.
async fn choose_both(desk: &Desk) {
    if desk.is_shown("applications-chosen").await {
        desk.press("applications-none").await;
        desk.gone("applications-chosen").await;
    }
    let focus = "document.querySelector('[data-testid=\"environment-shop-staging\"] .row').focus()";
    desk.run(focus).await;
    desk.keys(" ").await;
    desk.wait_until_says("applications-chosen", "1 row chosen", SHORT)
        .await;
    desk.keys(&format!("{SHIFT}{DOWN}")).await;
    desk.wait_until_says("applications-chosen", "2 rows chosen", SHORT)
        .await;
}

async fn copies_as_json(desk: &Desk) {
    choose_both(desk).await;
    desk.shots("list-chosen").await;
    desk.press("applications-copy").await;
    desk.wait_until_says("applications-copy", "Copied", SHORT).await;
    desk.press("projects-search").await;
    desk.keys(&format!("{CONTROL}v")).await;
    // The clipboard answers when it likes.
    let pasted = wait::until_some("JSON is pasted", SHORT, async || {
        let pasted = desk.run("return document.activeElement.value").await;
        serde_json::from_str::<serde_json::Value>(pasted.as_str()?).ok()
    })
    .await;
    let names: Vec<&str> = pasted
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|app| app["name"].as_str())
        .collect();
    assert_eq!(names, ["web", "web-two"]);
    desk.fill("projects-search", "").await;
}

/// Over a filter, both ways.
async fn chooses_no_more_what_is_gone(desk: &Desk) {
    choose_both(desk).await;
    desk.fill("projects-search", "web-two").await;
    desk.wait_until_says("applications-chosen", "1 row chosen", SHORT)
        .await;
    desk.fill("projects-search", "").await;
    desk.see("environment-shop-production").await;
    desk.wait_until_says("applications-chosen", "1 row chosen", SHORT)
        .await;
}

/// Rows of another environment are chosen instead of these, and the keys lead back from the bar to the row.
async fn chooses_in_one_list(desk: &Desk) {
    let bars = "return document.querySelectorAll('.chosen-bar').length\
                + 10 * document.querySelectorAll('[data-testid=\"environment-shop-staging\"] .chosen-bar').length";
    desk.run("document.querySelector('[data-testid=\"environment-shop-production\"] .row').focus()")
        .await;
    desk.keys(" ").await;
    wait::until("one bar is left, the other list's", SHORT, async || {
        desk.run(bars).await == 1
    })
    .await;
    desk.run("document.querySelector('[data-testid=\"applications-copy\"]').focus()")
        .await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("applications-chosen").await;
    let is_back = "return document.activeElement.closest('[data-testid=\"environment-shop-production\"] .row') !== null";
    wait::until("the focus is on the row", SHORT, async || {
        desk.run(is_back).await == true
    })
    .await;
}

async fn leaves_a_column_out(desk: &Desk) {
    let menu = "[data-testid=\"environment-shop-staging\"] [data-testid=\"applications-columns\"]";
    let heads = || desk.all_say("[data-testid=\"environment-shop-production\"] th");
    for there in [false, true] {
        desk.press_css(menu).await;
        desk.press("applications-column-commit").await;
        // Every list of applications is without it.
        wait::until("the column comes and goes", SHORT, async || {
            heads().await.contains(&"Commit".to_owned()) == there
        })
        .await;
    }
}

/// Each with its plan; one of them is changed by somebody else meanwhile, is refused, and is asked for by its new plan. Their common
/// commit has a Dockerfile that cannot be built: each says so.
async fn deploys_together(desk: &Desk, agent: &Agent, sshd: &Sshd) {
    choose_both(desk).await;
    // Nothing of them runs.
    desk.greyed("applications-restart").await;
    desk.press("applications-deploy").await;
    desk.wait_until_says("together", "Deploy 2 applications", SHORT)
        .await;
    for row in ["together-web", "together-web-two"] {
        desk.wait_until_says(row, "nobody serves now", SHORT).await;
        desk.wait_until_says(row, "at once at most", SHORT).await;
    }
    desk.shots("list-together").await;
    operations::change_a_setting(agent, sshd, "web-two", 5).await;
    desk.press("together-confirm").await;
    desk.wait_until_says("together-said", "1 of 2 is under way; 1 refused.", SHORT)
        .await;
    desk.wait_until_says("together-web", "under way", SHORT).await;
    desk.wait_until_says("together-web-two", "has changed since this plan was made", SHORT)
        .await;
    desk.wait_until_says("together-web-two", "5 start", SHORT).await;
    desk.shots("list-together-refused").await;
    desk.press("together-confirm").await;
    desk.gone("together").await;
    let failed = "[data-testid=\"environment-shop-staging\"] .row .tone-text.bad";
    wait::until("both have failed", SHORT, async || {
        desk.all_say(failed).await == ["failed", "failed"]
    })
    .await;
    desk.run("document.querySelector('[data-testid=\"environment-shop-staging\"] .row').focus()")
        .await;
    desk.keys(&ESCAPE.to_string()).await;
    desk.gone("applications-chosen").await;
}

async fn finds_by_tag(desk: &Desk) {
    desk.press_css("[data-testid=\"app-row-web-two\"] strong").await;
    desk.press("app-tags").await;
    desk.fill("tags", "<eu>").await;
    desk.wait_until_says("tags-dialog", "lower-case letters", SHORT)
        .await;
    desk.fill("tags", "shop eu").await;
    desk.shots("tags").await;
    desk.press("tags-save").await;
    desk.gone("tags-dialog").await;
    desk.wait_until_says("app-page", "eu", SHORT).await;
    desk.press("favourite").await;
    desk.wait_until_says("favourites", "web-two", SHORT).await;
    desk.shots("application-tags").await;
    desk.press("nav-projects").await;
    desk.fill("projects-search", "EU shop").await;
    desk.gone("environment-shop-production").await;
    wait::until("only what fits is shown", SHORT, async || {
        desk.all_say(NAMES).await == ["web-two"]
    })
    .await;
    desk.fill("projects-search", "no such thing").await;
    desk.wait_until_says("projects", "Nothing fits", SHORT).await;
    desk.shots("projects-nothing-fits").await;
    desk.fill("projects-search", "").await;
    desk.see("environment-shop-production").await;
    desk.press("favourite-web-two").await;
    desk.see("app-tags").await;
    desk.press("favourite").await;
    desk.gone("favourites").await;
    desk.press("nav-projects").await;
    finds_by_the_projects_tag(desk).await;
}

/// What is said about a project can be changed, and all that is in it is found by its tags.
async fn finds_by_the_projects_tag(desk: &Desk) {
    desk.press("project-menu-shop").await;
    desk.press("edit-project-shop").await;
    desk.fill("project-tags", "a <b>").await;
    desk.wait_until_says("project-dialog", "lower-case letters", SHORT)
        .await;
    desk.fill("project-tags", "team:sales").await;
    desk.fill("project-description", "What we sell").await;
    desk.shots("project-edit").await;
    desk.press("project-save").await;
    desk.gone("project-dialog").await;
    desk.wait_until_says("projects", "team:sales", SHORT).await;
    desk.wait_until_says("projects", "What we sell", SHORT).await;
    desk.fill("projects-search", "team:sales two").await;
    wait::until("only what fits is shown", SHORT, async || {
        desk.all_say(NAMES).await == ["web-two"]
    })
    .await;
    desk.fill("projects-search", "").await;
    desk.see("environment-shop-production").await;
    renames_the_environment(desk).await;
}

/// The environment gets another name, and what is in it stays where it is.
async fn renames_the_environment(desk: &Desk) {
    for (before, now) in [("production", "live"), ("live", "production")] {
        desk.press(&format!("environment-menu-shop-{before}")).await;
        desk.press(&format!("rename-environment-shop-{before}")).await;
        desk.fill("environment-name", "Not a name").await;
        desk.wait_until_says("environment-dialog", "lower-case letters", SHORT)
            .await;
        desk.fill("environment-name", now).await;
        desk.press("environment-save").await;
        desk.gone("environment-dialog").await;
        desk.wait_until_says(&format!("environment-shop-{now}"), "web", SHORT)
            .await;
    }
}

/// By the arrows alone past what was in the page at first. The row stays in the page, with the focus, when the list is scrolled away from it.
async fn walks_a_long_list(desk: &Desk) {
    desk.press_css("[data-testid=\"app-row-web-two\"] strong").await;
    desk.press("tab-variables").await;
    desk.press("variables-text").await;
    desk.see("variables-area").await;
    let write = "const area = document.querySelector('[data-testid=\"variables-area\"]');\
                 area.value = Array.from({ length: 150 }, (_, n) => `K${100 + n}=${n}`).join('\\n');\
                 area.dispatchEvent(new Event('input', { bubbles: true }))";
    desk.run(write).await;
    desk.press("variables-preview").await;
    desk.wait_until_says("variables-difference", "+ K249", SHORT)
        .await;
    desk.press("variables-save").await;
    desk.see("variable-row-K100").await;
    let is_there = "return document.querySelectorAll('[data-testid=\"variables\"] tr.row').length";
    let there = desk.run(is_there).await.as_u64().expect("a number");
    assert!((10..120).contains(&there), "{there} rows are in the page");
    desk.run("document.querySelector('[data-testid=\"variables\"] tr.row').focus()")
        .await;
    for place in 1..=70 {
        walk(desk, DOWN, place).await;
    }
    desk.run("document.querySelector('[data-testid=\"variables\"]').closest('.content').scrollTop = 0")
        .await;
    wait::until("the beginning is in the page", SHORT, async || {
        desk.is_shown("variable-row-K100").await
    })
    .await;
    assert_eq!(focused_place(desk).await, Some(70));
    for (key, place) in [(DOWN, 71), (UP, 70), (UP, 69)] {
        walk(desk, key, place).await;
    }
    desk.press("nav-projects").await;
}

async fn walk(desk: &Desk, key: char, to: u64) {
    desk.keys(&key.to_string()).await;
    wait::until("the focus is on the next row", SHORT, async || {
        focused_place(desk).await == Some(to)
    })
    .await;
}

/// The place of the row that has the focus.
async fn focused_place(desk: &Desk) -> Option<u64> {
    let place = desk.run("return document.activeElement.dataset.place").await;
    place.as_str()?.parse().ok()
}
