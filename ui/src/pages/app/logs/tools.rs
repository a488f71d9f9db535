//! The tools above a log: what is looked for, in which task, how grave, where it was written, and when.

use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::{LogLevel, LogStream};
use slipway_protocol::task::TaskView;
use yew::prelude::*;

use super::filter::{LogFilter, Span};
use super::replicas::choices;
use crate::components::button::{Button, Look};
use crate::components::choice::ChoiceField;
use crate::components::field::Field;
use crate::components::search::SearchField;
use crate::components::select::Choice;

#[derive(PartialEq, Properties)]
pub struct ToolsProps {
    pub filter: LogFilter,
    pub onchange: Callback<LogFilter>,
    /// The tasks that run now.
    #[prop_or_default]
    pub running: Vec<TaskView>,
    /// Those whose lines were seen.
    #[prop_or_default]
    pub seen: Vec<String>,
    /// Those of the deployment whose log it is: they stand in the place of tasks.
    #[prop_or_default]
    pub steps: Vec<Step>,
    /// The agent does not understand what is looked for.
    #[prop_or_default]
    pub wrong: bool,
}

#[function_component]
pub fn FilterTools(props: &ToolsProps) -> Html {
    let filter = &props.filter;
    // Each tool changes its own part of the filter.
    fn changing<T: 'static>(props: &ToolsProps, set: impl Fn(&mut LogFilter, T) + 'static) -> Callback<T> {
        let (filter, onchange) = (props.filter.clone(), props.onchange.clone());
        Callback::from(move |value| {
            let mut next = filter.clone();
            set(&mut next, value);
            onchange.emit(next);
        })
    }
    let find = changing(props, |filter, text: String| filter.text = text);
    let regex = changing(props, |filter, (): ()| filter.regex = !filter.regex);
    let level = changing(props, |filter, name: String| filter.level = name.parse().ok());
    let stream = changing(props, |filter, name: String| filter.stream = stream_named(&name));
    let task = changing(props, |filter, name: String| {
        filter.task = Some(name).filter(|name| !name.is_empty())
    });
    let span = changing(props, |filter, name: String| filter.span = span_named(&name));
    // Beside the steps of a deployment there is less room.
    let short = (!props.steps.is_empty()).then_some("Find");
    let (who, all) = if props.steps.is_empty() {
        (
            "Task",
            choices(&props.running, &props.seen, filter.task.as_deref()),
        )
    } else {
        ("Step", steps(&props.steps))
    };
    html! {
        <>
            <div class="log-tools">
                <SearchField id="log-find" label="Find in the whole log" {short} value={filter.text.clone()} onchange={find} wrong={props.wrong}>
                    <Button id="log-regex" label=".*" look={Look::Plain} hint="A regular expression" pressed={Some(filter.regex)} onclick={regex}/>
                </SearchField>
                <ChoiceField id="log-task" label={who} choices={all} chosen={filter.task.clone().unwrap_or_default()} onchange={task}/>
                <ChoiceField id="log-level" label="Level" choices={levels()} chosen={filter.level.map_or("", LogLevel::as_str).to_owned()} onchange={level}/>
                <ChoiceField id="log-stream" label="Stream" choices={streams()} chosen={stream_name(filter.stream).to_owned()} onchange={stream}/>
                <ChoiceField id="log-span" label="Time" choices={spans()} chosen={span_name(&filter.span)} onchange={span}/>
            </div>
            { between(props) }
        </>
    }
}

fn steps(all: &[Step]) -> Vec<Choice> {
    let step = |step: &Step| Choice::new(step.as_str(), step.as_str().replace('_', "-"));
    std::iter::once(Choice::new("", "All steps"))
        .chain(all.iter().map(step))
        .collect()
}

fn levels() -> Vec<Choice> {
    let level = |level: LogLevel| match level {
        LogLevel::Fatal => Choice::new("fatal", "fatal"),
        level => Choice::new(level.as_str(), format!("{} or worse", level.as_str())),
    };
    std::iter::once(Choice::new("", "All levels"))
        .chain(LogLevel::ALL.into_iter().skip(1).map(level))
        .collect()
}

fn streams() -> Vec<Choice> {
    vec![
        Choice::new("", "Both streams"),
        Choice::new("stdout", "stdout"),
        Choice::new("stderr", "stderr"),
    ]
}

fn stream_named(name: &str) -> Option<LogStream> {
    match name {
        "stdout" => Some(LogStream::Stdout),
        "stderr" => Some(LogStream::Stderr),
        _ => None,
    }
}

fn stream_name(stream: Option<LogStream>) -> &'static str {
    match stream {
        Some(LogStream::Stdout) => "stdout",
        Some(LogStream::Stderr) => "stderr",
        Some(LogStream::System) | None => "",
    }
}

fn spans() -> Vec<Choice> {
    let minutes = Span::CHOICES
        .iter()
        .map(|(minutes, label)| Choice::new(minutes.to_string(), *label));
    std::iter::once(Choice::new("", "All times"))
        .chain(minutes)
        .chain([Choice::new("between", "Between…")])
        .collect()
}

fn span_named(name: &str) -> Span {
    match name {
        "between" => Span::Between {
            from: String::new(),
            to: String::new(),
        },
        minutes => minutes.parse().map_or(Span::All, Span::Minutes),
    }
}

fn span_name(span: &Span) -> String {
    match span {
        Span::All => String::new(),
        Span::Minutes(minutes) => minutes.to_string(),
        Span::Between { .. } => "between".to_owned(),
    }
}

/// The two times, where they are typed.
fn between(props: &ToolsProps) -> Html {
    let Span::Between { from, to } = &props.filter.span else {
        return html! {};
    };
    let set = |first: bool| {
        let (filter, onchange) = (props.filter.clone(), props.onchange.clone());
        let (from, to) = (from.clone(), to.clone());
        Callback::from(move |typed: String| {
            let span = if first {
                Span::Between {
                    from: typed,
                    to: to.clone(),
                }
            } else {
                Span::Between {
                    from: from.clone(),
                    to: typed,
                }
            };
            onchange.emit(LogFilter {
                span,
                ..filter.clone()
            });
        })
    };
    let error = props.filter.complaint().map(AttrValue::Static);
    html! {
        <div class="log-between">
            <Field id="log-from" label="From" value={from.clone()} onchange={set(true)} mono=true placeholder="2026-11-26 14:05" {error}/>
            <Field id="log-to" label="To" value={to.clone()} onchange={set(false)} mono=true placeholder="now"/>
        </div>
    }
}
