//! The application that the tests deploy: one static binary, no dependency, built by `rustc` alone.
//!
//! `GET /` answers the version in the file `/version`; `POST /echo` answers its body, `POST /digest` what it
//! comes to; `GET /large/<KiB>` is long, `GET /slow/<ms>` waits; `GET /healthy` is
//! for health checks, which fail from `GET /sicken` to `GET /recover`. `GET /events` sends events without an end, `/stream` 1 MiB/s, `/socket` is a WebSocket that echoes.
//! `GET /file/<path>` answers the content of a file, `GET /named/<hex>` that of one whose path is these bytes, `GET /mode-of/<path>` its mode in octal, `GET /write/<path>` writes the version into one.
//! `GET /variable/<KEY>` answers the value of a variable, byte for byte; `GET /say/<text>` writes a line to its log, `GET
//! /flood/<MiB>` very many (`/flood/<MiB>/<bytes>` of another length); `GET /append/<file>` adds a line to a file of the volume
//! `/data` and answers how many it has; `GET /argument/<n>` answers its n-th argument, byte for byte; `GET /burn/<s>` keeps a core busy
//! for some time, `/hold/<MiB>` takes memory and keeps it, `/fail` answers 500. It prints its arguments when it starts. As a command, `count` prints lines, `exit` ends with a code, `is` compares arguments and `has` variables
//! with what they should be.
//!
//! Asked to end, it finishes what is in flight, ends its streams properly and goes. The file `/mode` gives it another temper:
//! `dies` ends at once when asked to, `ignores` does not listen, `slow <s>` takes its time to start, `falls <s>` starts well and
//! crashes then, `flaps` answers every other health check with 503, `heavy` sends much with its events. Or it misbehaves:
//! `crash` ends it at once, `done` too but well, `need <KEY>` wants a variable, `port <n>` listens elsewhere, `loopback` inside
//! only, `sick` answers 503, `gone` says “not found” as programs in Go do.

mod digest;
mod streams;
mod websocket;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What is answered to everything, if not what was asked for.
type Always = Option<(u16, &'static str)>;

static BUSY: AtomicUsize = AtomicUsize::new(0);
static LEAVING: AtomicBool = AtomicBool::new(false);
/// It was told to be ill.
static SICK: AtomicBool = AtomicBool::new(false);
/// How often its health was asked for.
static HEALTH: AtomicUsize = AtomicUsize::new(0);

extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn _exit(code: i32) -> !;
}

extern "C" fn leave(_: i32) {
    LEAVING.store(true, Ordering::SeqCst);
}

extern "C" fn die(_: i32) {
    // SAFETY: it ends the process and touches nothing else.
    unsafe { _exit(143) }
}

extern "C" fn ignore(_: i32) {}

fn leaving() -> bool {
    LEAVING.load(Ordering::SeqCst)
}

/// What a release is like.
struct App {
    version: String,
    always: Always,
    flaps: bool,
    heavy: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, lines, pause] = arguments.as_slice() {
        if word == "count" {
            return count(lines.parse().unwrap_or(0), pause.parse().unwrap_or(0));
        }
    }
    if let [_, word, code] = arguments.as_slice() {
        if word == "exit" {
            eprintln!("this command ends with {code}");
            std::process::exit(code.parse().unwrap_or(1));
        }
    }
    if let [_, word, rest @ ..] = std::env::args_os().collect::<Vec<_>>().as_slice() {
        if word == "is" || word == "has" {
            return compare(rest, word == "has");
        }
    }
    let mode = std::fs::read_to_string("/mode").unwrap_or_default();
    let mode = mode.trim().to_owned();
    let when_asked: extern "C" fn(i32) = match mode.as_str() {
        "dies" => die,
        "ignores" => ignore,
        _ => leave,
    };
    // SAFETY: the handlers store to an atomic, end the process, or do nothing. 15 is SIGTERM, which a container's first
    // process ignores by default.
    unsafe { signal(15, when_asked) };
    std::thread::spawn(wait_to_leave);
    if mode == "crash" {
        eprintln!("fatal: the configuration of the moon is missing");
        std::process::exit(3);
    }
    if mode == "eats" {
        let mut held = Vec::new();
        loop {
            held.push(vec![1_u8; 1 << 20]);
        }
    }
    if mode == "done" {
        println!("all work is done");
        return;
    }
    if let Some(key) = mode.strip_prefix("need ") {
        std::env::var(key).unwrap_or_else(|error| panic!("{key} must be set: {error}"));
    }
    let host = if mode == "loopback" { "127.0.0.1" } else { "0.0.0.0" };
    let port = mode.strip_prefix("port ").and_then(|port| port.parse().ok()).unwrap_or(8080_u16);
    let seconds = |word: &str| mode.strip_prefix(word).and_then(|rest| rest.trim().parse().ok()).map(Duration::from_secs);
    if let Some(time) = seconds("slow ") {
        std::thread::sleep(time);
    }
    if let Some(time) = seconds("falls ") {
        std::thread::spawn(move || {
            std::thread::sleep(time);
            eprintln!("fatal: it was good while it lasted");
            std::process::exit(4);
        });
    }
    let app: &'static App = Box::leak(Box::new(App {
        version: std::fs::read_to_string("/version").unwrap_or_default().trim().to_owned(),
        always: match mode.as_str() {
            "sick" => Some((503, "sick\n")),
            "gone" => Some((404, "404 page not found\n")),
            _ => None,
        },
        flaps: mode == "flaps",
        heavy: mode == "heavy",
    }));
    println!("version {} listens on {port}", app.version);
    arguments.iter().skip(1).for_each(|argument| println!("{argument}"));
    let listener = TcpListener::bind((host, port)).expect("a port");
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || while serve_one(&stream, app) {});
    }
}

/// `app count <lines> <ms>`: something to see in a build's log, one line after the other.
fn count(lines: u64, pause: u64) {
    for line in 1..=lines.min(10_000) {
        println!("line {line} of {lines}");
        std::thread::sleep(Duration::from_millis(pause.min(1000)));
    }
}

/// `app is <hex> <argument> …`, `app has <hex> <KEY> …`: ends badly unless each is the bytes of these digits.
fn compare(pairs: &[std::ffi::OsString], variables: bool) {
    for pair in pairs.chunks(2) {
        let [wanted, given] = pair else { std::process::exit(9) };
        let given = if variables { std::env::var_os(given).unwrap_or_default() } else { given.clone() };
        let digits: String = given.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        if wanted.as_bytes() != digits.as_bytes() {
            eprintln!("{digits} is not {}", wanted.to_string_lossy());
            std::process::exit(7);
        }
    }
    println!("all {} are as they should be", pairs.len() / 2);
}

/// Prints so many numbered lines of so many bytes each, line end included, and says when that is done.
fn flood(lines: usize, length: usize) {
    let line = "x".repeat(length.saturating_sub(11));
    let mut out = std::io::stdout().lock();
    for number in 0..lines {
        if writeln!(out, "{number:09} {line}").is_err() {
            return;
        }
    }
    let _ = writeln!(out, "flood ends");
}

/// Keeps a core busy.
fn burn(time: Duration) {
    let begun = std::time::Instant::now();
    let mut sum = 0_u64;
    while begun.elapsed() < time {
        for number in 0..100_000_u64 {
            sum = std::hint::black_box(sum.wrapping_add(number));
        }
    }
}

/// Ends the process when it was asked to and no request is in flight.
fn wait_to_leave() {
    loop {
        if leaving() && BUSY.load(Ordering::SeqCst) == 0 {
            std::process::exit(0);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Answers one request; false when the connection is over.
fn serve_one(stream: &TcpStream, app: &App) -> bool {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return false;
    }
    BUSY.fetch_add(1, Ordering::SeqCst);
    let alive = answer(&mut reader, stream, &first, app);
    BUSY.fetch_sub(1, Ordering::SeqCst);
    alive
}

fn answer(reader: &mut BufReader<&TcpStream>, mut stream: &TcpStream, first: &str, app: &App) -> bool {
    let (mut length, mut close, mut chunked, mut key) = (0_usize, false, false, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        let (whole, line) = (line.trim_end(), line.trim_end().to_ascii_lowercase());
        if line.is_empty() {
            break;
        }
        if line.starts_with("sec-websocket-key:") {
            key = whole.split_once(':').map_or("", |(_, key)| key.trim()).to_owned();
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        close |= line == "connection: close";
    }
    let Some(body) = read_body(reader, length, chunked) else { return false };
    let mut words = first.split_whitespace();
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
    let version = app.version.as_str();
    if app.always.is_none() && method == "GET" {
        match path {
            "/events" => streams::events(stream, version, app.heavy, leaving),
            "/stream" => streams::bytes(stream, version, leaving),
            "/socket" if stream.write_all(websocket::accepted(&key, version).as_bytes()).is_ok() => websocket::echo(stream, leaving),
            _ => {}
        }
        if matches!(path, "/events" | "/stream" | "/socket") {
            return false;
        }
    }
    let (status, content) = match app.always {
        Some((status, text)) => (status, text.as_bytes().to_vec()),
        None if path == "/healthy" && SICK.load(Ordering::SeqCst) => (503, b"sick\n".to_vec()),
        None if path == "/healthy" => health(app.flaps),
        None if path == "/sicken" || path == "/recover" => {
            SICK.store(path == "/sicken", Ordering::SeqCst);
            (200, b"as you wish\n".to_vec())
        }
        None => respond(method, path, body, version),
    };
    let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nX-Version: {version}\r\n", content.len());
    head.push_str(if close { "Connection: close\r\n\r\n" } else { "\r\n" });
    let mut whole = head.into_bytes();
    whole.extend_from_slice(&content);
    stream.write_all(&whole).is_ok() && !close
}

fn read_body(reader: &mut BufReader<&TcpStream>, length: usize, chunked: bool) -> Option<Vec<u8>> {
    let mut body = vec![0; length.min(16 << 20)];
    reader.read_exact(&mut body).ok()?;
    while chunked {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; size.min(16 << 20) + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend_from_slice(&chunk[..size]);
        if size == 0 {
            break;
        }
    }
    Some(body)
}

/// Adds a line to a file of the volume; how many it has now, 0 when that cannot be done.
fn append(file: &str) -> usize {
    let path = format!("/data/{}", file.replace(['/', '.'], "_"));
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    if opened.and_then(|mut file| file.write_all(b"a line\n")).is_err() {
        return 0;
    }
    std::fs::read_to_string(&path).map(|text| text.lines().count()).unwrap_or(0)
}

/// The bytes of these hexadecimal digits.
fn unhex(digits: &str) -> Vec<u8> {
    let two = |place: usize| u8::from_str_radix(digits.get(place..place + 2)?, 16).ok();
    (0..digits.len()).step_by(2).filter_map(two).collect()
}

/// FNV-1a of 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn health(flaps: bool) -> (u16, Vec<u8>) {
    let asked = HEALTH.fetch_add(1, Ordering::SeqCst);
    if flaps && asked % 2 == 0 {
        return (503, b"not now\n".to_vec());
    }
    (200, b"well\n".to_vec())
}

fn respond(method: &str, path: &str, body: Vec<u8>, version: &str) -> (u16, Vec<u8>) {
    let (_, rest) = path.split_at(1);
    match (method, rest.split_once('/').unwrap_or((rest, ""))) {
        ("POST", ("echo", _)) => (200, body),
        ("POST", ("digest", _)) => (200, format!("{} bytes, {:016x}\n", body.len(), fnv(&body)).into_bytes()),
        ("GET", ("large", kibibytes)) => {
            let length = kibibytes.parse::<usize>().unwrap_or(0).min(64 << 10) << 10;
            (200, (0..length).map(|place| (place % 251) as u8).collect())
        }
        ("GET", ("", _)) => (200, format!("version {version}\n").into_bytes()),
        ("GET", ("slow", milliseconds)) => {
            std::thread::sleep(Duration::from_millis(milliseconds.parse::<u64>().unwrap_or(0).min(60_000)));
            (200, format!("version {version}\n").into_bytes())
        }
        ("GET", ("variable", key)) => match std::env::var_os(key) {
            Some(value) => (200, value.as_bytes().to_vec()),
            None => (404, Vec::new()),
        },
        ("GET", ("argument", number)) => {
            let argument = number.parse().ok().and_then(|number| std::env::args_os().nth(number));
            argument.map_or((404, Vec::new()), |argument| (200, argument.as_bytes().to_vec()))
        }
        ("GET", ("file", name)) => match std::fs::read(format!("/{name}")) {
            Ok(content) => (200, content),
            Err(error) => (404, format!("{error}\n").into_bytes()),
        },
        ("GET", ("named", digits)) => match std::fs::read(OsStr::from_bytes(&unhex(digits))) {
            Ok(content) => (200, content),
            Err(error) => (404, format!("{error}\n").into_bytes()),
        },
        ("GET", ("mode-of", name)) => match std::fs::metadata(format!("/{name}")) {
            Ok(meta) => (200, format!("{:o}", meta.permissions().mode() & 0o7777).into_bytes()),
            Err(error) => (404, format!("{error}\n").into_bytes()),
        },
        ("GET", ("write", name)) => match std::fs::write(format!("/{name}"), version) {
            Ok(()) => (200, b"written\n".to_vec()),
            Err(error) => (500, format!("{error}\n").into_bytes()),
        },
        ("GET", ("flood", mebibytes)) => {
            // `/flood/<MiB>` with lines of 1 KiB, or `/flood/<MiB>/<bytes>`.
            let (mebibytes, length) = mebibytes.split_once('/').unwrap_or((mebibytes, "1024"));
            let length = length.parse::<usize>().unwrap_or(1024).clamp(16, 16 << 20);
            let lines = mebibytes.parse::<usize>().unwrap_or(0).min(4096) * (1 << 20) / length;
            std::thread::spawn(move || flood(lines, length));
            (200, b"it comes\n".to_vec())
        }
        ("GET", ("append", file)) => (200, append(file).to_string().into_bytes()),
        ("GET", ("burn", seconds)) => {
            let time = Duration::from_secs(seconds.parse::<u64>().unwrap_or(0).min(600));
            std::thread::spawn(move || burn(time));
            (200, b"it burns\n".to_vec())
        }
        ("GET", ("hold", mebibytes)) => {
            let length = mebibytes.parse::<usize>().unwrap_or(0).min(1024) << 20;
            // Written to, or the kernel gives none of it.
            Box::leak(vec![1_u8; length].into_boxed_slice());
            (200, b"it is held\n".to_vec())
        }
        ("GET", ("fail", _)) => (500, b"as you wish\n".to_vec()),
        ("GET", ("say", text)) => {
            println!("{text}");
            (200, b"said\n".to_vec())
        }
        _ => (404, b"no such page\n".to_vec()),
    }
}
