//! One line of a log: number, time, who, text. Text only, whatever the line holds.

use slipway_protocol::log_line::LogStream;
use yew::prelude::*;

use super::buffer::Line;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct LogRowProps {
    pub line: Line,
    /// Times to the millisecond.
    pub fine: bool,
}

#[function_component]
pub fn LogRow(props: &LogRowProps) -> Html {
    let line = &props.line;
    let class = match line.stream {
        LogStream::Stdout => "stdout",
        LogStream::Stderr => "stderr",
        LogStream::System => "system",
    };
    let time = if props.fine {
        text::fine_clock(line.at)
    } else {
        text::clock(line.at)
    };
    html! {
        <div class={classes!("log-row", class)}>
            if let Some(number) = line.number {
                <span class="log-number">{ number }</span>
            }
            <span class="log-time" title={text::absolute(line.at)}>{ time }</span>
            <span class="log-who">{ &line.who }</span>
            <span class="log-text">{ &line.text }</span>
        </div>
    }
}
