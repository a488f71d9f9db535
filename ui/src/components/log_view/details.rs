//! The chosen line, whole: where it comes from, and its text; JSON laid out.

use yew::prelude::*;

use super::ansi;
use super::buffer::Line;
use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct DetailsProps {
    pub line: Line,
    pub close: Callback<()>,
    /// Shows it among the lines around it, where those are not here.
    #[prop_or_default]
    pub oncontext: Option<Callback<u64>>,
}

#[function_component]
pub fn LineDetails(props: &DetailsProps) -> Html {
    let line = &props.line;
    let whole = ansi::plain(&line.text);
    let laid_out = laid_out(&whole);
    let kind = if laid_out.is_some() { "JSON" } else { "text" };
    let shown = laid_out.unwrap_or_else(|| whole.clone());
    let level = line.level.map(|level| level.as_str());
    let id = line.id;
    let context = props.oncontext.as_ref().map(|show| show.reform(move |()| id));
    html! {
        <section class="log-details" data-testid="log-details" aria-label="The chosen line">
            <header>
                <strong>{ &line.who }</strong>
                <span class="secondary">{ text::absolute(line.at) }</span>
                if let Some(level) = level { <span class={classes!("log-level", level)}>{ level }</span> }
                <span class="faint">{ format!("{kind}, {}", text::count(line.width as usize, "character", "characters")) }</span>
                <span class="grow"/>
                if let Some(onclick) = context {
                    <Button id="log-context" label="Show in context" icon={Icon::Context} hint="The lines around it, without the search. Enter on the line does the same." {onclick}/>
                }
                <CopyButton id="log-line-copy" label="Copy the line" text={Callback::from(move |()| whole.clone())}/>
                <Button id="log-details-close" label="Close" icon={Icon::Cross} icon_only=true look={Look::Plain} onclick={props.close.clone()}/>
            </header>
            <pre tabindex="0">{ shown }</pre>
        </section>
    }
}

/// A JSON object or list over several lines, whatever stands before it. Numbers and keys stay as they are written.
fn laid_out(text: &str) -> Option<String> {
    let from = text.find(['{', '['])?;
    let (before, json) = text.split_at(from);
    // Parsed only to know that it is JSON: reading and writing again would round large numbers and sort keys.
    serde_json::from_str::<serde::de::IgnoredAny>(json.trim_end()).ok()?;
    let mut out = before.trim_end().to_owned();
    if !out.is_empty() {
        out.push('\n');
    }
    lay_out(json, &mut out);
    Some(out)
}

fn lay_out(json: &str, out: &mut String) {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut chars = json.trim_end().chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        // A very deep one is still readable at this depth.
        out.push_str(&"  ".repeat(depth.min(40)));
    };
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
                if let Some(end) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                quoted = true;
                out.push(c);
            }
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-01: a JSON line is laid out on demand, its values as they were written; anything else stays as it is.
    #[test]
    fn json_is_laid_out() {
        let text = r#"web: {"b":12345678901234567890,"a":["x, {y}","q\"}"],"e":{}}"#;
        let expected = "web:\n{\n  \"b\": 12345678901234567890,\n  \"a\": [\n    \"x, {y}\",\n    \"q\\\"}\"\n  ],\n  \"e\": {}\n}";
        assert_eq!(laid_out(text).as_deref(), Some(expected));
        for other in ["plain", "a {b}", "[2026-01-01] text", "{\"open\": 1", ""] {
            assert_eq!(laid_out(other), None, "{other}");
        }
    }
}
