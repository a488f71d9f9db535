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
        // Other elements that run, load or take over.
        "<svg><script>window.__owned=21</script></svg>",
        "<svg><animate onbegin=window.__owned=22 attributeName=x dur=1s>",
        "<svg><set onbegin=window.__owned=23 attributeName=x>",
        "<svg><foreignObject><body onload=window.__owned=24></foreignObject></svg>",
        "<svg><use href=//evil.example/__owned#x></svg>",
        "<svg><a xlink:href=javascript:window.__owned=25><text y=20>__owned</text></a>",
        "<math href=javascript:window.__owned=26>__owned</math>",
        "<math><mglyph><style><!--</style><img title=\"--><img src onerror=window.__owned=27>\">",
        "<video><source onerror=window.__owned=28></video>",
        "<audio src=x onerror=window.__owned=29>",
        "<body onpageshow=window.__owned=31>",
        "<marquee onstart=window.__owned=32>",
        "<input autofocus onfocus=window.__owned=33>",
        "<select autofocus onfocus=window.__owned=34><option>__owned",
        "<textarea></textarea><img src=x onerror=window.__owned=35>",
        "<title></title><img src=x onerror=window.__owned=36>",
        "<noscript><p title=\"</noscript><img src=x onerror=window.__owned=37>\">",
        "<template><img src=x onerror=window.__owned=38></template>",
        "<object data=javascript:window.__owned=39></object>",
        "<embed src=javascript:window.__owned=42>",
        "<applet code=__owned></applet><param name=__owned>",
        "<link rel=stylesheet href=//evil.example/__owned.css>",
        "<link rel=dns-prefetch href=//evil.example/__owned>",
        "<iframe src=tauri://localhost/__owned></iframe>",
        "<frameset onload=window.__owned=43>",
        "<dialog open onclose=window.__owned=44>__owned</dialog>",
        "<button formaction=javascript:window.__owned=45>__owned</button>",
        "<portal src=//evil.example/__owned>",
        "<xss style=animation-name:__owned onanimationstart=window.__owned=46>",
        "<div contenteditable onblur=window.__owned=47>__owned</div>",
        "<img src=//evil.example/__owned.png>",
        "<img srcset=//evil.example/__owned.png>",
        "<picture><source srcset=//evil.example/__owned></picture>",
        "<table background=//evil.example/__owned>",
        "<a href=\"slipway://app/__owned\" download=__owned target=_top>__owned</a>",
        "<p id=__TAURI__><p name=__owned>",
        // What becomes one of these only where it is read twice, or cut.
        "<scr<script>ipt>window.__owned=48</script>",
        "<img/src/onerror=window.__owned=49//",
        "<img src=x onerror=&#119;indow.__owned=51>",
        "<IMG SRC=x ONERROR=window.__owned=52>",
        "\\u003cscript\\u003ewindow.__owned=53\\u003c/script\\u003e",
        "%3Cscript%3Ewindow.__owned=54%3C/script%3E",
        "\u{ff1c}script\u{ff1e}window.__owned=55\u{ff1c}/script\u{ff1e}",
        "--><script>window.__owned=56</script><!--",
        "*/window.__owned=57;/*",
        "';window.__owned=58;//",
        "\"});window.__owned=59;({\"a\":\"",
        "`+(window.__owned=64)+`",
        // Templates of other tools.
        "{{7*7}}{{__owned}}",
        "{% if __owned %}x{% endif %}",
        "[[${__owned}]]",
        "@{window.__owned=65}",
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;__owned</x>",
        // Addresses.
        "javascript:__owned",
        "java\tscript:window.__owned=66",
        "vbscript:__owned",
        "file:///etc/passwd/__owned",
        "blob:null/__owned",
        "tauri://localhost/__owned",
        "ipc://localhost/remove_cluster?__owned",
        "http://127.0.0.1/__owned",
        "https://user:pass@evil.example/__owned",
        "https://evil.example/__owned\u{2025}/..",
        "//evil.example/__owned",
        "\\\\evil.example\\__owned",
        "#/c/00000000-0000-4000-8000-000000000000/__owned",
        "mailto:__owned@evil.example?body=x",
        "__proto__.__owned",
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
        "\u{1b}[200~__owned pasted\u{1b}[201~",
        "\u{1b}[?2004h__owned",
        "\u{1b}[?1049h__owned on another screen",
        "\u{1b}[6n\u{1b}[c__owned asked",
        "\u{1b}]2;__owned\u{1b}\\a title too",
        "\u{1b}]4;0;rgb:ff/00/00\u{7}__owned coloured",
        "\u{1b}]7;file:///etc/__owned\u{7}",
        "\u{1b}]9;__owned\u{7}a notice",
        "\u{1b}]777;notify;__owned;x\u{7}",
        "\u{1b}]1337;File=inline=1:X19vd25lZA==\u{7}__owned",
        "\u{1b}_G__owned\u{1b}\\",
        "\u{1b}^__owned\u{1b}\\",
        "\u{1b}X__owned\u{1b}\\",
        "\u{1b}c__owned reset",
        "\u{1b}#8__owned filled",
        "\u{1b}[8m__owned concealed\u{1b}[0m",
        "\u{1b}[999999999;999999999H__owned far away",
        "\u{1b}[38;2;999;-1;;;m__owned",
        "\u{9d}52;c;X19vd25lZA==\u{9c}__owned",
        "\u{90}__owned\u{9c}",
        "\u{202b}__owned \u{202a}embedded\u{202c}\u{202c}",
        "\u{2067}__owned\u{2068}\u{2069}\u{2069}\u{2069}",
        "\u{202e}\u{202e}\u{202e}__owned without an end",
        "\u{fff9}__owned\u{fffa}noted\u{fffb}",
        "\u{180e}__owned\u{2064}\u{206a}\u{206f}",
        "__owned\u{b}\u{c}of pages",
        "__owned \u{1}\u{2}\u{3}\u{4}\u{1a}\u{1c}",
    ];
    let mut texts = texts.map(str::to_owned).to_vec();
    texts.push(format!("__owned {}", "W".repeat(900)));
    texts.push(format!("__owned Z{}", "\u{300}\u{316}".repeat(60)));
    texts
}

/// A branch: git allows none of the marks of a page, and all that is written with percent signs or from right to left.
pub fn branch() -> String {
    "%3Cscript%3E__owned=\u{5e9}#javascript/__owned".to_owned()
}

/// All of them in this many bytes at most, as few texts as it takes.
pub fn packed(longest: usize) -> Vec<String> {
    let mut packed: Vec<String> = Vec::new();
    for text in all() {
        match packed.last_mut() {
            Some(last) if last.len() + 1 + text.len() <= longest => {
                last.push('\n');
                last.push_str(&text);
            }
            _ => packed.push(text),
        }
    }
    packed
}

pub fn all() -> Vec<String> {
    let mut all = markup();
    all.extend(steering());
    all
}
