//! Texts that would do something, if anything that shows them obeyed.

/// What each text of the corpus would leave behind, and what a page that shows one says.
pub const MARK: &str = "__owned";

/// For a page: markup, addresses, templates, calls of the shell. None holds a character that hides.
pub fn markup() -> Vec<String> {
    let texts = [
        "<script>window.__owned=1</script>",
        "</script><script>window.__owned=2</script>",
        "<img src=x onerror=window.__owned=3>",
        "<svg/onload=window.__owned=4>",
        "\"><iframe srcdoc='<script>parent.__owned=5</script>'>",
        "'onmouseover='window.__owned=6",
        "<a href=javascript:window.__owned=7>javascript:__owned</a>",
        "<style>*{background:url(https://evil.example/__owned)}</style>",
        "<math><mtext><img src onerror=window.__owned=8></mtext></math>",
        "<meta http-equiv=refresh content=0;url=//evil.example/__owned>",
        "<base href=//evil.example/__owned>",
        "<form action=//evil.example/__owned><button autofocus>go</button>",
        "<details open ontoggle=window.__owned=9>",
        "]]>--><!--<script>window.__owned=10</script>",
        "{{constructor.constructor('window.__owned=11')()}}",
        "${window.__owned=12}#{__owned}<%= __owned %>",
        "data:text/html,<script>window.__owned=13</script>",
        "slipway://c/00000000-0000-4000-8000-000000000000/health?__owned",
        "window.__TAURI__.core.invoke('remove_cluster')//__owned",
        "&lt;script&gt;window.__owned=14&lt;/script&gt;&#x202e;",
        "expression(__owned);background:url(javascript:__owned)",
        "p\u{430}ypal.example __owned",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} __owned \u{645}\u{631}\u{62d}\u{628}\u{627}",
    ];
    texts.map(str::to_owned).to_vec()
}

/// For what shows text: codes of terminals, characters that turn, hide or stack, and lines without an end.
pub fn steering() -> Vec<String> {
    let texts = [
        "\u{1b}[2J\u{1b}[1;1H__owned cleared",
        "\u{1b}]0;a title\u{7}__owned titled",
        "\u{1b}]8;;javascript:window.__owned=20\u{1b}\\__owned linked\u{1b}]8;;\u{1b}\\",
        "\u{1b}]52;c;X19vd25lZA==\u{7}__owned copied",
        "\u{1b}]0;__owned and never an end",
        "\u{1b}P1$r__owned\u{1b}\\",
        "\u{9b}31m__owned of eight bits",
        "\u{1b}[31;5m<b>__owned red</b>",
        "\u{202e}gpj.__owned\u{202c} turned",
        "\u{2066}\u{202d}__owned isolated\u{2069}",
        "\u{61c}\u{200e}\u{200f}__owned marked",
        "ad\u{200b}min\u{feff}\u{ad}\u{2060}__owned",
        "__owned\u{e0041}\u{e0042} tagged",
        "__owned\u{8}\u{8}\u{8}\u{7f}\u{7} erased",
        "__owned before\rafter",
        "__owned one\u{2028}two\u{2029}three\u{85}four",
    ];
    let mut texts = texts.map(str::to_owned).to_vec();
    texts.push(format!("__owned {}", "W".repeat(900)));
    texts.push(format!("__owned Z{}", "\u{300}\u{316}".repeat(60)));
    texts
}

pub fn all() -> Vec<String> {
    let mut all = markup();
    all.extend(steering());
    all
}
