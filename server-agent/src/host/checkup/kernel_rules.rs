//! Whether the kernel's rules for what comes in shut everything that they do not allow: what `nft list ruleset` and `iptables-save`
//! write, read line by line (nft(8), iptables-save(8)).
//!
//! Only what is certain counts: an input chain whose policy drops, or whose last rule drops or rejects whatever it is asked about.

/// For which addresses everything is shut that is not allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shut {
    pub v4: bool,
    pub v6: bool,
}

impl Shut {
    /// It is enough that one of them shuts.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            v4: self.v4 || other.v4,
            v6: self.v6 || other.v6,
        }
    }
}

/// Reads `nft list ruleset`.
#[derive(Debug, Default)]
pub struct NftReader {
    shut: Shut,
    depth: usize,
    /// Of the table that is being read.
    family: String,
    chain: Option<Chain>,
}

/// The chain that is being read.
#[derive(Debug, Default)]
struct Chain {
    input: bool,
    drops: bool,
    last_shuts: bool,
}

impl NftReader {
    pub fn line(&mut self, line: &str) {
        let words = tokens(line);
        let opens = words.iter().filter(|word| *word == "{").count();
        let closes = words.iter().filter(|word| *word == "}").count();
        match (self.depth, words.first().map(String::as_str)) {
            (0, Some("table")) => self.family = words.get(1).cloned().unwrap_or_default(),
            (1, Some("chain")) => self.chain = Some(Chain::default()),
            (2, Some(first)) if opens == closes => {
                if let Some(chain) = &mut self.chain {
                    chain.line(first, &words);
                }
            }
            _ => {}
        }
        self.depth = (self.depth + opens).saturating_sub(closes);
        if self.depth < 2
            && let Some(chain) = self.chain.take_if(|_| closes > opens)
        {
            self.end(&chain);
        }
    }

    fn end(&mut self, chain: &Chain) {
        if !chain.input || !(chain.drops || chain.last_shuts) {
            return;
        }
        match self.family.as_str() {
            "ip" => self.shut.v4 = true,
            "ip6" => self.shut.v6 = true,
            "inet" => self.shut = Shut { v4: true, v6: true },
            // Of a bridge, or of one device.
            _ => {}
        }
    }

    pub fn shut(&self) -> Shut {
        self.shut
    }
}

impl Chain {
    fn line(&mut self, first: &str, words: &[String]) {
        if first == "type" {
            let pair = |one: &str, two: &str| words.windows(2).any(|pair| pair[0] == one && pair[1] == two);
            self.input = pair("hook", "input");
            self.drops = pair("policy", "drop");
        } else {
            self.last_shuts = shuts_anything(words);
        }
    }
}

/// A rule without a condition that drops or rejects.
fn shuts_anything(words: &[String]) -> bool {
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        match word {
            "drop" | "reject" => return true,
            // What is counted or logged goes on to the next statement.
            "counter" if words.peek() == Some(&"packets") => words.by_ref().take(4).for_each(|_| {}),
            "counter" | "log" => {}
            "prefix" | "level" | "flags" | "group" | "snaplen" | "queue-threshold" => {
                words.by_ref().take(1).for_each(|_| {})
            }
            _ => return false,
        }
    }
    false
}

/// The words of a line. Braces and semicolons stand alone, what is quoted is one word, and a comment ends the line.
fn tokens(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.push(c);
            }
            _ if quoted => word.push(c),
            '#' => break,
            '{' | '}' | ';' => {
                words.push(std::mem::take(&mut word));
                words.push(c.to_string());
            }
            c if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Reads `iptables-save`, of either kind of addresses.
#[derive(Debug, Default)]
pub struct SaveReader {
    filter: bool,
    drops: bool,
    last_shuts: bool,
}

impl SaveReader {
    pub fn line(&mut self, line: &str) {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('*') {
            self.filter = table == "filter";
        } else if !self.filter {
        } else if let Some(policy) = line.strip_prefix(":INPUT ") {
            self.drops = policy.starts_with("DROP");
        } else if let Some(rule) = line.strip_prefix("-A INPUT ") {
            self.last_shuts = ["-j DROP", "-j REJECT"].iter().any(|jump| {
                let rest = without_comment(rule).strip_prefix(jump);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            });
        }
    }

    pub fn shuts(&self) -> bool {
        self.drops || self.last_shuts
    }
}

fn without_comment(rule: &str) -> &str {
    let Some(rest) = rule.strip_prefix("-m comment --comment ") else {
        return rule;
    };
    let after = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once("\" "),
        None => rest.split_once(' '),
    };
    after.map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nft(text: &str) -> Shut {
        let mut reader = NftReader::default();
        text.lines().for_each(|line| reader.line(line));
        reader.shut()
    }

    fn save(text: &str) -> bool {
        let mut reader = SaveReader::default();
        text.lines().for_each(|line| reader.line(line));
        reader.shuts()
    }

    const BOTH: Shut = Shut { v4: true, v6: true };
    const V4: Shut = Shut { v4: true, v6: false };

    /// As firewalld writes it, shortened: the policy accepts, and the last rule rejects.
    const FIREWALLD: &str = "table inet firewalld {\n\tset trusted {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.1,\n\t\t\t     192.0.2.2 }\n\t}\n\n\
        \tchain filter_INPUT {\n\t\ttype filter hook input priority filter + 10; policy accept;\n\
        \t\tct state { established, related } accept\n\t\tct status dnat accept\n\t\tiifname \"lo\" accept\n\
        \t\tjump filter_INPUT_ZONES\n\t\tct state invalid drop\n\t\treject with icmpx admin-prohibited\n\t}\n\n\
        \tchain filter_FORWARD {\n\t\ttype filter hook forward priority filter + 10; policy accept;\n\t\treject with icmpx admin-prohibited\n\t}\n}\n";
    /// What Docker and fail2ban leave there on a server without a firewall.
    const DOCKER: &str = "table ip nat {\n\tchain DOCKER {\n\t\tiifname \"docker0\" counter packets 0 bytes 0 return\n\t}\n}\n\
        table ip filter {\n\tchain DOCKER-USER {\n\t\tcounter packets 0 bytes 0 return\n\t}\n\n\
        \tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\tcounter packets 0 bytes 0 jump DOCKER-USER\n\t}\n\n\
        \tchain INPUT {\n\t\ttype filter hook input priority filter; policy accept;\n\t\tmeta l4proto tcp tcp dport 22 counter packets 9 bytes 540 jump f2b-sshd\n\t}\n}\n";
    /// As nftables' own example for a server, shortened.
    const WORKSTATION: &str = "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\
        \t\tct state invalid drop comment \"early {drop of invalid\"\n\t\ttcp dport { 22, 80, 443 } accept\n\t}\n}\n";

    /// FR-HST-06: a policy that drops shuts, and so does a last rule without a condition; Docker's own rules and fail2ban's do not.
    #[test]
    fn what_nft_lists_is_understood() {
        assert_eq!(nft(FIREWALLD), BOTH);
        assert_eq!(nft(WORKSTATION), BOTH);
        assert_eq!(nft(DOCKER), Shut::default());
        assert_eq!(
            nft(&DOCKER.replace(
                "input priority filter; policy accept",
                "input priority filter; policy drop"
            )),
            V4
        );
        for (rule, wanted) in [
            ("counter packets 3 bytes 180 drop", V4),
            (
                "log prefix \"no: \" level info counter reject with icmp port-unreachable",
                V4,
            ),
            ("tcp dport 25 drop", Shut::default()),
            (
                "counter packets 3 bytes 180 ip saddr 192.0.2.1 drop",
                Shut::default(),
            ),
            ("drop\n\t\tct state new accept", Shut::default()),
        ] {
            let text = format!(
                "table ip x {{\n\tchain in {{\n\t\ttype filter hook input priority 0; policy accept;\n\t\t{rule}\n\t}}\n}}\n"
            );
            assert_eq!(nft(&text), wanted, "{rule}");
        }
        assert_eq!(nft(&WORKSTATION.replace("inet", "bridge")), Shut::default());
        assert_eq!(nft(""), Shut::default());
    }

    /// FR-HST-06: the same of what iptables saves: ufw's policy, a last rule of an older system, and Docker alone.
    #[test]
    fn what_iptables_saves_is_understood() {
        let ufw = "*filter\n:INPUT DROP [7:420]\n:FORWARD DROP [0:0]\n-A INPUT -j ufw-before-logging-input\n-A INPUT -j ufw-track-input\nCOMMIT\n";
        let classic = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n\
                       -A INPUT -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n";
        let docker = "*nat\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n\
                      -A FORWARD -j DOCKER-USER\n-A INPUT -p tcp -m tcp --dport 25 -j DROP\nCOMMIT\n";
        assert!(save(ufw) && save(classic) && !save(docker) && !save(""));
        assert!(save(
            "*filter\n-A INPUT -m comment --comment \"all the rest\" -j DROP\n"
        ));
        assert!(
            !save("*filter\n-A INPUT -j DROPS\n") && !save("*filter\n-A INPUT -j DROP\n-A INPUT -j ACCEPT\n")
        );
    }

    proptest! {
        /// FR-HST-06: no text makes either reader panic.
        #[test]
        fn any_text_is_read(text in "(?s)(table inet x \\{\nchain y \\{\n|\\*filter\n)?.{0,300}") {
            nft(&text);
            save(&text);
        }
    }
}
