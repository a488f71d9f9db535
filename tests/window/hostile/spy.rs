//! What happens in the webview is written down there: each call of the shell, each report of the policy, each try to go elsewhere.

use acceptance::desk::Desk;
use serde_json::{Value, json};

/// Laid into the page by the driver, before anything hostile is shown.
const SPY: &str = r#"
const [mark] = arguments;
const spy = { calls: [], csp: [], away: [], scripts: document.scripts.length, links: document.querySelectorAll('link,meta,style').length };
window.__spy = spy;
const fetched = window.fetch;
const note = (name, body) => {
  let call = name;
  try { const args = JSON.parse(JSON.parse(body).args); if (args.request) { call += ' ' + args.request.method + ' ' + args.request.target } } catch {}
  spy.calls.push(call);
};
window.fetch = function (input, init) {
  const url = new URL(String(input && input.url || input), location.href);
  if (url.protocol === 'ipc:' || url.hostname === 'ipc.localhost') { note(decodeURIComponent(url.pathname.slice(1)), init && init.body) }
  else { spy.away.push('fetch ' + url) }
  return fetched.apply(this, arguments);
};
window.open = (url) => { spy.away.push('open ' + url); return null };
for (const name of ['alert', 'confirm', 'prompt', 'print']) { window[name] = () => spy.away.push(name) }
for (const name of ['XMLHttpRequest', 'WebSocket', 'EventSource', 'Worker', 'SharedWorker']) {
  const One = window[name];
  if (One) { window[name] = class extends One { constructor(...all) { spy.away.push(name + ' ' + all[0]); super(...all) } } }
}
if (navigator.sendBeacon) { navigator.sendBeacon = (url) => { spy.away.push('beacon ' + url); return false } }
const executed = document.execCommand;
document.execCommand = function (name) { if (/copy|cut|paste/i.test(name)) { spy.away.push('command ' + name) } return executed.apply(document, arguments) };
if (window.Clipboard) {
  for (const name of ['write', 'writeText', 'read', 'readText']) {
    const one = Clipboard.prototype[name];
    if (one) { Clipboard.prototype[name] = function () { spy.away.push('clipboard ' + name); return one.apply(this, arguments) } }
  }
}
document.addEventListener('securitypolicyviolation', (event) => spy.csp.push(event.violatedDirective + ' ' + event.blockedURI));
window.addEventListener('beforeunload', () => spy.away.push('unload'));
document.addEventListener('submit', (event) => { if (event.target.getAttribute('action')) { spy.away.push('form ' + event.target.action) } }, true);
spy.title = document.title;
spy.page = location.origin + location.pathname + location.search;
"#;

/// What is wrong with the page as it is now, one sentence each.
const LOOK: &str = r#"
const spy = window.__spy;
if (!spy) { return ['the page was loaded anew'] }
const wrong = [];
const hidden = /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;
if (window.__owned !== undefined) { wrong.push('a script ran: ' + window.__owned) }
if (location.origin + location.pathname + location.search !== spy.page) { wrong.push('another page: ' + location) }
if (spy.here !== undefined && location.hash !== spy.here) { wrong.push('it went to ' + location.hash) }
if (document.title !== spy.title) { wrong.push('another title: ' + document.title) }
if (document.scripts.length !== spy.scripts) { wrong.push('another script is in the page') }
if (document.querySelectorAll('link,meta,style').length !== spy.links) { wrong.push('another style or address is in the page') }
for (const one of document.querySelectorAll('iframe,object,embed,base,frame,form[action],video,audio,math,img[src],image,animate')) { wrong.push('an element <' + one.localName + '>') }
for (const one of document.querySelectorAll('a[href],area[href]')) {
  if (!/^(#|https?:)/.test(one.getAttribute('href'))) { wrong.push('a link to ' + one.getAttribute('href')) }
}
for (const one of document.querySelectorAll('*')) {
  for (const { name, value } of one.attributes) {
    if (name.startsWith('on')) { wrong.push('an attribute ' + name) }
    if (name !== 'value' && hidden.test(value)) { wrong.push('in ' + name + ': ' + JSON.stringify(value.slice(0, 80))) }
    if (name === 'style' && /url|expression/.test(value)) { wrong.push('a style: ' + value) }
  }
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (node.parentElement.localName !== 'textarea' && hidden.test(node.data)) { wrong.push('it shows ' + JSON.stringify(node.data.slice(0, 80)) + ' in <' + node.parentElement.outerHTML.slice(0, 80)) }
}
if (document.documentElement.scrollWidth > innerWidth) { wrong.push('it is wider than the window') }
return wrong;
"#;

pub async fn install(desk: &Desk) {
    let installed = desk.client().execute(SPY, vec![json!(super::texts::MARK)]).await;
    installed.expect("the page is watched");
}

/// Everything that is wrong with the page that is shown.
pub async fn wrong(desk: &Desk) -> Vec<String> {
    words(&desk.client().execute(LOOK, Vec::new()).await.expect("a look"))
}

/// The list that was written down under this name, since the last time that it was asked for.
pub async fn written(desk: &Desk, list: &str) -> Vec<String> {
    let script = "const all = window.__spy[arguments[0]]; window.__spy[arguments[0]] = []; return all";
    let said = desk.client().execute(script, vec![json!(list)]).await;
    words(&said.expect("what was written down"))
}

fn words(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.map(|one| one.as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Calls that only look: they may come by themselves, because pages ask for what they show.
pub fn only_looks(call: &str) -> bool {
    let looks = [
        "list_clusters",
        "load_state",
        "save_state",
        "load_drafts",
        "save_drafts",
        "open_cluster",
        "follow_logs",
        "follow_deployment",
        "follow_command",
        "watch_changes",
        "read_logs",
        "stop_stream",
        "stream_taken",
        "app_state",
        "list_host_keys",
        "find_local_agent",
        "watch_links",
        "watch_forwards",
        "watch_tray",
        "watch_updates",
        "watch_set_ups",
        "watch_drops",
        "plugin:__TAURI_CHANNEL__|fetch",
    ];
    // A plan changes nothing, and has a body only because it is a long question.
    let plans = call.starts_with("api_call POST /api/v1/applications/") && call.ends_with("/plan");
    call.starts_with("api_call GET /api/v1/") || plans || looks.contains(&call)
}

/// Whether a call is the one that a press makes; `*` stands for what differs.
pub fn fits(asked: &str, call: &str) -> bool {
    match asked.split_once('*') {
        Some((begin, end)) => call.strip_prefix(begin).is_some_and(|rest| rest.ends_with(end)),
        None => asked == call,
    }
}
