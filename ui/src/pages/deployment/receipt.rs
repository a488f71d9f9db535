//! The receipt: what the application's users got around the cut-over, by the edge's own counters.

use slipway_protocol::deployment::{Passed, Receipt};
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::table::{Row, Table};
use crate::text;

#[derive(PartialEq, Properties)]
pub struct ReceiptProps {
    pub receipt: Receipt,
}

#[function_component]
pub fn ReceiptCard(props: &ReceiptProps) -> Html {
    let receipt = &props.receipt;
    let head = html! { <><th/><th class="right">{ "Requests" }</th><th class="right">{ "Failed" }</th><th class="right">{ "Mean" }</th></> };
    let rows = [
        (
            "before",
            "Before",
            "While the new release started and was judged; the old one served",
            &receipt.before,
        ),
        (
            "during",
            "During",
            "From the moment when Traefik was told to switch until it had",
            &receipt.during,
        ),
        (
            "after",
            "After",
            "Until nobody was connected to the old release any more, or the time for requests in flight was over",
            &receipt.after,
        ),
    ];
    html! {
        <div data-testid="receipt">
            <Card title="Receipt" note={summary(receipt)}>
                if receipt.requests() == 0 {
                    <p class="card-empty">{ "No request came while it took over." }</p>
                } else {
                    <Table {head} class="tight">{ for rows.into_iter().map(|(id, name, meaning, passed)| row(id, name, meaning, passed)) }</Table>
                }
            </Card>
        </div>
    }
}

fn row(id: &'static str, name: &'static str, meaning: &'static str, passed: &Passed) -> Html {
    let failed = (passed.failed > 0).then_some("bad");
    let mean = passed.mean_ms.map_or_else(|| "–".to_owned(), text::milliseconds);
    html! {
        <Row key={id} id={format!("receipt-{id}")}>
            <td title={meaning}>{ name }</td>
            <td class="right number">{ text::thousands(passed.requests) }</td>
            <td class="right number"><span class={classes!("tone-text", failed)}>{ text::thousands(passed.failed) }</span></td>
            <td class="right number">{ mean }</td>
        </Row>
    }
}

fn summary(receipt: &Receipt) -> String {
    let requests = usize::try_from(receipt.requests()).unwrap_or(usize::MAX);
    format!(
        "{}, {} lost",
        text::count(requests, "request", "requests"),
        text::thousands(receipt.failed())
    )
}
