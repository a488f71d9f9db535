//! The stages of the way to a cluster, each with its time; the one that failed says what to do.

use slipway_protocol::check::{CheckStep, StepName};
use slipway_protocol::desktop::TestReport;
use web_sys::Element;
use yew::prelude::*;

use super::card::Card;
use super::icon::{Icon, Picture};
use crate::text;

#[derive(PartialEq, Properties)]
pub struct CheckStepsProps {
    /// None as long as the test is under way.
    pub report: Option<TestReport>,
}

#[function_component]
pub fn CheckSteps(props: &CheckStepsProps) -> Html {
    let node = use_node_ref();
    {
        // What was found is of no use below the edge of the page.
        let node = node.clone();
        use_effect_with(props.report.clone(), move |_| {
            if let Some(element) = node.cast::<Element>() {
                element.scroll_into_view_with_bool(false);
            }
        });
    }
    let Some(report) = &props.report else {
        return html! {
            <Card title="Test of the connection" note="trying each stage of the way">
                <div class="check-steps" ref={node} aria-busy="true"><div class="skeleton-row"/></div>
            </Card>
        };
    };
    let note = note(report);
    html! {
        <Card title="Test of the connection" {note}>
            <ol class="check-steps" ref={node} data-testid="check-steps" role="status">
                { for report.steps.iter().enumerate().map(|(index, step)| stage(index, step, report.asks.is_some())) }
            </ol>
        </Card>
    }
}

/// What the test comes to, and no more than was tried.
fn note(report: &TestReport) -> String {
    let whole: f64 = report.steps.iter().filter_map(|step| step.milliseconds).sum();
    let asked = |step: &CheckStep| step.step == StepName::Docker && step.milliseconds.is_some();
    match (&report.asks, report.good, report.steps.iter().any(asked)) {
        (Some(_), _, _) => "it waits for an answer".to_owned(),
        (None, false, _) => "it does not get through".to_owned(),
        (None, true, true) => format!("everything answers, in {}", text::milliseconds(whole)),
        (None, true, false) => format!("the agent answers, in {}", text::milliseconds(whole)),
    }
}

/// A question is no failure: the stage goes on with the answer. Where nothing was tried nothing is said to be good, and no time is shown.
fn stage(index: usize, step: &CheckStep, asks: bool) -> Html {
    let (class, icon) = match (&step.failure, step.milliseconds) {
        (None, Some(_)) => ("good", Some(Icon::Check)),
        (None, None) => ("open", None),
        (Some(_), _) if asks => ("progress", Some(Icon::Lock)),
        (Some(_), _) => ("bad", Some(Icon::Cross)),
    };
    html! {
        <li class={classes!("check-step", class)} key={index}>
            <span class="mark">if let Some(icon) = icon { <Picture {icon}/> }</span>
            <div>
                <div>{ step.step.title() }<span class="faint">{ " " }{ &step.host }</span></div>
                if let Some(found) = &step.found { <div class="field-hint">{ found }</div> }
                if let Some(failure) = &step.failure {
                    <div class={if asks { "field-hint" } else { "field-error" }}>{ failure }</div>
                }
            </div>
            <span class="number faint">{ step.milliseconds.map_or_else(|| "not tried".to_owned(), text::milliseconds) }</span>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: StepName, milliseconds: Option<f64>) -> CheckStep {
        CheckStep {
            step,
            host: "a.example.org".to_owned(),
            milliseconds,
            found: None,
            failure: None,
        }
    }

    /// FR-CON-11: what was not tried is not said to answer, and adds no time.
    #[test]
    fn only_what_was_tried_is_said_to_answer() {
        let report = |docker| TestReport {
            steps: vec![
                step(StepName::Resolve, None),
                step(StepName::Tcp, Some(20.0)),
                step(StepName::Docker, docker),
            ],
            good: true,
            asks: None,
        };
        assert_eq!(note(&report(Some(30.0))), "everything answers, in 50 ms");
        assert_eq!(note(&report(None)), "the agent answers, in 20 ms");
    }
}
