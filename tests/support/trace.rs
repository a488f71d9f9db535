//! Every program that an agent and its descendants start, as the kernel is asked for it.

use std::ffi::OsString;
use std::path::Path;

/// One `execve`, whether it worked or not.
#[derive(Debug)]
pub struct Exec {
    pub program: String,
    pub arguments: Vec<Vec<u8>>,
}

impl Exec {
    /// For a failing test.
    pub fn shown(&self) -> String {
        let arguments = self.arguments.iter().map(|one| String::from_utf8_lossy(one));
        format!("{} {:?}", self.program, arguments.collect::<Vec<_>>())
    }
}

/// The words in front of a program that write its trace into `file`. The program stays its parent's own child.
pub fn words(file: &Path) -> Vec<OsString> {
    // Text in hexadecimal digits cannot be mistaken for the trace's own.
    let options = [
        "-D",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-xx",
        "-s",
        "4096",
        "-e",
        "trace=execve,execveat",
        "-e",
        "signal=none",
        "-o",
    ];
    let options = options.into_iter().map(OsString::from);
    options.chain([file.into(), "--".into()]).collect()
}

/// What the file says so far.
pub fn read(file: &Path) -> Vec<Exec> {
    let text = std::fs::read_to_string(file).expect("the trace");
    text.lines().filter_map(parse).collect()
}

/// `4711 execve("\x2f…", ["\x61", …], 0x7f… /* 9 vars */) = 0`
fn parse(line: &str) -> Option<Exec> {
    let (_, call) = line.split_once(" execve")?;
    let mut texts = Vec::new();
    let end = call.find("], ").unwrap_or(call.len());
    let mut rest = &call[..end];
    while let Some((_, behind)) = rest.split_once('"') {
        let (text, after) = behind.split_once('"').unwrap_or((behind, ""));
        texts.push(bytes(text));
        rest = after;
    }
    let mut texts = texts.into_iter();
    let program = String::from_utf8_lossy(&texts.next()?).into_owned();
    Some(Exec {
        program,
        arguments: texts.collect(),
    })
}

fn bytes(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    digits
        .filter_map(|two| u8::from_str_radix(two, 16).ok())
        .collect()
}
