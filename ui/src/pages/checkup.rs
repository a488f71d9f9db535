//! The server check-up: how the server itself is kept, check by check, with what to do.

use slipway_protocol::api::GetServerCheckup;
use slipway_protocol::checkup::{CheckState, ServerCheck, ServerCheckup};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::copy::CopyButton;
use crate::components::pill::{Pill, Tone};
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::state::api::{Every, use_api_by};
use crate::state::cluster::use_cluster;

/// It changes when somebody works on the server, which nobody tells.
const PACE: Every = Every::Milliseconds(60_000);

#[function_component]
pub fn CheckupCard() -> Html {
    let context = use_cluster();
    let checkup = use_api_by(context.id(), GetServerCheckup {}, PACE, None);
    let note = checkup.get().map(|checkup| AttrValue::from(summary(checkup)));
    let again = html! {
        <Button id="checkup-again" label="Look again" look={Look::Plain} acts=true onclick={checkup.reload.clone()}/>
    };
    html! {
        <div data-testid="server-checkup">
            <Card title="Server check-up" {note} actions={checkup.get().map(|_| again).unwrap_or_default()}>
                { face(&checkup, "the right to look after servers (admin or owner)", view) }
            </Card>
        </div>
    }
}

fn view(checkup: &ServerCheckup) -> Html {
    if checkup.checks.is_empty() {
        return html! { <p class="card-empty">{ "Nothing of the server has been looked at." }</p> };
    }
    let head =
        html! { <><th>{ "Check" }</th><th>{ "State" }</th><th>{ "What was found, and what to do" }</th></> };
    html! { <Table {head}>{ for checkup.checks.iter().enumerate().map(row) }</Table> }
}

/// By its place: there may be several checks that are newer than this app.
fn row((place, check): (usize, &ServerCheck)) -> Html {
    let name = check.topic.as_str();
    html! {
        <Row key={place} id={format!("checkup-{name}")}>
            <td><strong>{ check.topic.title() }</strong></td>
            <td><Pill tone={tone(check.state)} text={check.state.word()}/></td>
            <td class="says">
                <p class="secondary">{ in_words(&check.found) }</p>
                { check.remedy.as_deref().map(remedy).unwrap_or_default() }
            </td>
        </Row>
    }
}

fn remedy(text: &str) -> Html {
    let whole = text.to_owned();
    let copy = Callback::from(move |()| whole.clone());
    html! {
        <p class="remedy">
            <span>{ in_words(text) }</span>
            <CopyButton label="Copy what to do" text={copy}/>
        </p>
    }
}

fn tone(state: CheckState) -> Tone {
    match state {
        CheckState::Good => Tone::Good,
        CheckState::Advice => Tone::Warning,
        CheckState::Bad => Tone::Bad,
        CheckState::NotKnown => Tone::Neutral,
    }
}

/// “1 bad, 2 to think about”, “nothing to do”.
fn summary(checkup: &ServerCheckup) -> String {
    let count = |state, words: &str| {
        let count = checkup.count(state);
        (count > 0).then(|| format!("{count} {words}"))
    };
    let parts = [
        count(CheckState::Bad, "bad"),
        count(CheckState::Advice, "to think about"),
        count(CheckState::NotKnown, "not known"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "nothing to do".to_owned()
    } else {
        parts.join(", ")
    }
}

/// What stands between backticks is a command or a setting; it is text like the rest.
fn in_words(text: &str) -> Html {
    let part = |(at, part): (usize, &str)| match at % 2 {
        0 => html! { { part } },
        _ => html! { <code>{ part }</code> },
    };
    html! { <>{ for text.split('`').enumerate().map(part) }</> }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::CheckupTopic;

    use super::*;

    fn check(state: CheckState) -> ServerCheck {
        ServerCheck {
            topic: CheckupTopic::Firewall.into(),
            state,
            found: "It is <b>open</b>.".to_owned(),
            remedy: Some("Run `ufw <enable>`.".to_owned()),
        }
    }

    #[derive(PartialEq, Properties)]
    struct WordsProps {
        text: AttrValue,
    }

    #[function_component]
    fn Words(props: &WordsProps) -> Html {
        in_words(&props.text)
    }

    /// FR-HST-06: what there is to do is counted by how grave it is; what is not known is told too.
    #[test]
    fn what_there_is_to_do_is_counted() {
        let of = |states: &[CheckState]| {
            summary(&ServerCheckup {
                checks: states.iter().map(|state| check(*state)).collect(),
            })
        };
        let (good, bad) = (CheckState::Good, CheckState::Bad);
        assert_eq!(of(&[good, good]), "nothing to do");
        assert_eq!(
            of(&[CheckState::Advice, bad, CheckState::NotKnown, CheckState::Advice]),
            "1 bad, 2 to think about, 1 not known"
        );
    }

    /// FR-HST-06: a command is set apart, and everything is text.
    #[tokio::test]
    async fn commands_are_set_apart() {
        let page = |text: &'static str| async move {
            let props = yew::props! { WordsProps { text } };
            let render = yew::LocalServerRenderer::<Words>::with_props(props).hydratable(false);
            tokio::task::LocalSet::new().run_until(render.render()).await
        };
        assert_eq!(
            page("Run `ufw <enable>`, then look.").await,
            "Run <code>ufw &lt;enable&gt;</code>, then look."
        );
        assert_eq!(page("It is <b>open`.").await, "It is &lt;b&gt;open<code>.</code>");
    }
}
