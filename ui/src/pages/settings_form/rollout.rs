//! How a release takes the place of the one before it.

use slipway_protocol::settings::{ApplicationSettings, Canary, Rollout, Strategy};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;
use crate::units::Amount;

const STRATEGY: &str = "rollout-strategy";
const SHARES: &str = "canary-shares";
const PAUSE: &str = "canary-pause";
const ERRORS: &str = "canary-errors";
const LATENCY: &str = "canary-latency";
const GATE: &str = "rollout-gate";
const WATCH: &str = "rollout-watch";
const DRAIN: &str = "rollout-drain";
const WARM: &str = "rollout-warm";
const HEAL: &str = "rollout-heal";
pub const FIELDS: &[&str] = &[
    STRATEGY, SHARES, PAUSE, ERRORS, LATENCY, GATE, WATCH, DRAIN, WARM, HEAL,
];

const AUTOMATIC: &str = "automatic";
const BLUE_GREEN: &str = "blue-green";
const CANARY: &str = "canary";
const ROLLING: &str = "rolling";
const RECREATE: &str = "recreate";

pub fn fill(draft: &mut Draft, rollout: &Rollout) {
    let canary = match &rollout.strategy {
        Strategy::Canary(canary) => canary.clone(),
        Strategy::Automatic | Strategy::BlueGreen | Strategy::Rolling | Strategy::Recreate => {
            Canary::default()
        }
    };
    let shares: Vec<String> = canary
        .shares
        .iter()
        .map(|share| share.get().to_string())
        .collect();
    draft.put(STRATEGY, rollout.strategy.as_str());
    draft.put(SHARES, shares.join(" "));
    draft.put(PAUSE, canary.pause.write());
    draft.put(ERRORS, canary.errors.write());
    draft.put_optional(LATENCY, canary.latency_ms);
    draft.put(GATE, rollout.gate.write());
    draft.put(WATCH, rollout.watch.write());
    draft.put(DRAIN, rollout.drain.write());
    draft.put(WARM, rollout.warm.write());
    draft.put_flag(HEAL, rollout.heal);
}

pub fn read(reader: &mut Reader<'_>, settings: &mut ApplicationSettings) {
    let rollout = &mut settings.rollout;
    rollout.strategy = match reader.text(STRATEGY) {
        BLUE_GREEN => Strategy::BlueGreen,
        CANARY => Strategy::Canary(read_canary(reader)),
        ROLLING => Strategy::Rolling,
        RECREATE => Strategy::Recreate,
        _ => Strategy::Automatic,
    };
    for (field, into) in [
        (GATE, &mut rollout.gate),
        (WATCH, &mut rollout.watch),
        (DRAIN, &mut rollout.drain),
        (WARM, &mut rollout.warm),
    ] {
        if let Some(time) = reader.amount(field) {
            *into = time;
        }
    }
    rollout.heal = reader.flag(HEAL);
}

fn read_canary(reader: &mut Reader<'_>) -> Canary {
    let by_default = Canary::default();
    let shares = reader.words(SHARES, Amount::read);
    Canary {
        shares,
        pause: reader.amount(PAUSE).unwrap_or(by_default.pause),
        errors: reader.amount(ERRORS).unwrap_or(by_default.errors),
        latency_ms: reader.optional_amount(LATENCY),
    }
}

pub fn view(form: &Form) -> Html {
    let strategies = [
        (AUTOMATIC, "Automatic"),
        (BLUE_GREEN, "Blue-green"),
        (CANARY, "Canary"),
        (ROLLING, "Rolling"),
        (RECREATE, "Recreate"),
    ];
    let meaning = match form.choice(STRATEGY) {
        BLUE_GREEN => {
            "All new tasks start beside the old ones; then all requests go to them at once. No downtime."
        }
        CANARY => "A growing share of the requests goes to the new tasks, and they are watched. No downtime.",
        ROLLING => "Task by task: one new starts, one old stops. No downtime.",
        RECREATE => "The old tasks stop before the new ones start. Nobody serves meanwhile.",
        _ => "Blue-green; but recreate for an application that writes to a volume or has a port of the node.",
    };
    html! {
        <>
            { form.segments(STRATEGY, "A new release takes over by", &strategies) }
            <p class="field-hint">{ meaning }</p>
            if form.choice(STRATEGY) == CANARY {
                <div class="form-row even">
                    { form.text_like(SHARES, "Shares in per cent", "10 50", "One after the other; then all.") }
                    { form.text(PAUSE, "Each is watched for", "") }
                </div>
                <div class="form-row even">
                    { form.text(ERRORS, "Failed answers at most", "Share of 5xx; beyond it the old release gets all again.") }
                    { form.text_like(LATENCY, "Mean answer at most, in ms", "300", "Empty: time does not count.") }
                </div>
            }
            <div class="form-row even">
                { form.text(GATE, "Time to become healthy", "Then the deployment fails, and the old release serves on.") }
                { form.text(WATCH, "Watched before the switch", "Healthy tasks have to stay up so long.") }
            </div>
            <div class="form-row even">
                { form.text(DRAIN, "Time for requests in flight", "At the old release, after the switch.") }
                { form.text(WARM, "Old release kept warm", "Going back takes a moment meanwhile. It costs its memory.") }
            </div>
            { form.flag(HEAL, "Heal by itself", "What somebody changes outside Slipway is put back. Otherwise it is told, and a person decides.") }
        </>
    }
}
