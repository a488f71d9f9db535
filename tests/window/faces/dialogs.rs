//! A plan and the palette in their states, and what is greyed for who may only look. Only where pictures are taken.

use acceptance::api_gate::{ApiGate, FAILURE, Rule};
use acceptance::desk::Desk;
use slipway_protocol::ApplicationId;

use super::{SHORT, face, visit};

/// As WebDriver writes the key.
const CONTROL: char = '\u{e009}';

/// It is asked for when its dialog is opened. Once one has come it is shown while the next one fails.
pub async fn of_a_plan(desk: &Desk, gate: &ApiGate, cluster: &str, idle: ApplicationId) {
    visit(desk, cluster, &face("application", format!("/app/{idle}"), "")).await;
    desk.see("deploy-more").await;
    for (rule, name, part) in [
        (Rule::FailAll, "error", ".broken"),
        (Rule::HoldAll, "loading", ".skeleton"),
        (Rule::FailAll, "stale", ".stale-line"),
    ] {
        gate.set(rule);
        desk.press("deploy-more").await;
        desk.press("deploy-plan").await;
        desk.find(&format!("[data-testid=\"plan\"] {part}"), SHORT).await;
        desk.shots(&format!("faces/plan-{name}")).await;
        gate.set(Rule::Pass);
        if rule == Rule::HoldAll {
            desk.see("plan-view").await;
        }
        desk.press_escape().await;
        desk.gone("plan").await;
    }
}

pub async fn of_the_palette(desk: &Desk, gate: &ApiGate) {
    for (rule, name, words) in [
        (Rule::Hold, "loading", "Asking 1 cluster"),
        (Rule::Fail, "error", FAILURE),
    ] {
        gate.set(rule);
        opens(desk).await;
        desk.wait_until_says("palette", words, SHORT).await;
        closes(desk, name).await;
        gate.set(Rule::Pass);
    }
    opens(desk).await;
    desk.fill("palette-input", "no such thing anywhere").await;
    desk.see("palette-none").await;
    closes(desk, "empty").await;
}

/// What the role does not allow.
pub async fn of_a_viewer(desk: &Desk, cluster: &str, idle: ApplicationId) {
    visit(desk, cluster, &face("application", format!("/app/{idle}"), "")).await;
    desk.greyed("forward-open").await;
    desk.shots("faces/forwards-forbidden").await;
    opens(desk).await;
    desk.fill("palette-input", "deploy idle").await;
    desk.find(".palette-row.refused", SHORT).await;
    closes(desk, "forbidden").await;
}

/// Nothing can be asked of it.
pub async fn the_palette_without_the_cluster(desk: &Desk) {
    opens(desk).await;
    desk.wait_until_says("palette", "1 cluster is not connected", SHORT)
        .await;
    closes(desk, "stale").await;
}

async fn opens(desk: &Desk) {
    desk.keys(&format!("{CONTROL}k{CONTROL}")).await;
    desk.see("palette-input").await;
}

async fn closes(desk: &Desk, name: &str) {
    desk.shots(&format!("faces/palette-{name}")).await;
    desk.press_escape().await;
    desk.gone("palette").await;
}
