//! Causes in each step that waits for containers, *gate* before all, that the application itself tells: what runtimes and libraries write when they cannot go on.

use super::evidence::Evidence;
use super::text::{after, between, name, quote, word_after};
use super::variable::missing_variable;
use super::{Found, Rule};

pub const RULES: &[Rule] = &[
    // Node.js, Go, Python, Rust, nginx and the JVM about EADDRINUSE.
    Rule {
        code: "port-in-use",
        find: |evidence| {
            let line = evidence.wrote(&[
                "address already in use",
                "eaddrinuse",
                "address in use",
                "port is already in use",
            ])?;
            Some(Found::new(
                format!(
                    "Two processes inside the container want the same port: {}",
                    quote(line)
                ),
                "Start the server only once (look for a second one in the start script, a reloader, or \
                 several workers that each bind), or give one of them another port.",
            ))
        },
    },
    // The same about EACCES below port 1024.
    Rule {
        code: "port-not-allowed",
        find: |evidence| {
            let bind = |line: &&str| line.to_ascii_lowercase().contains("permission denied");
            evidence
                .wrote(&["listen eacces", "bind: permission denied"])
                .or_else(|| evidence.wrote(&["bind() to"]).filter(bind))?;
            Some(Found::new(
                "The application may not listen on its port: a user that is not root may not take one \
                 below 1024.",
                "Listen on a port above 1024 (the variable PORT holds the application's port), and set \
                 that port in its settings.",
            ))
        },
    },
    // Drivers of databases and queues, and sockets, about ECONNREFUSED.
    Rule {
        code: "service-not-reachable",
        find: |evidence| {
            let (line, whom) = refused(evidence)?;
            let own = ["127.0.0.1", "localhost", "::1"]
                .iter()
                .any(|host| line.contains(host));
            let remedy = if own {
                "Inside a container localhost is the container itself. Set the variable with the address \
                 to the host where the service runs, and check that it runs."
            } else {
                "Check host and port in the application's variables, that the service runs, and that it \
                 accepts connections from containers."
            };
            Some(Found::new(
                format!("The application cannot connect to {whom}: {}", quote(line)),
                remedy,
            ))
        },
    },
    // Resolvers of libc, Node.js, Go, Rust, the JVM and nginx; PostgreSQL's library.
    Rule {
        code: "host-not-resolved",
        find: |evidence| {
            let line = evidence.wrote(&[
                "getaddrinfo enotfound",
                "getaddrinfo eai_again",
                "could not translate host name",
                "name or service not known",
                "temporary failure in name resolution",
                "no such host",
                "nodename nor servname provided",
                "failed to lookup address information",
                "unknownhostexception",
                "host not found in upstream",
                "getaddrinfo failed",
            ])?;
            let host = word_after(line, "enotfound ")
                .or_else(|| word_after(line, "eai_again "))
                .or_else(|| between(line, "host name \"", "\""))
                .or_else(|| between(line, "upstream \"", "\""))
                .or_else(|| word_after(line, "unknownhostexception: "))
                .or_else(|| word_after(line, "lookup ").filter(|word| *word != "address"));
            let host = host.map_or_else(|| "a host".to_owned(), |host| format!("the host {}", name(host)));
            Some(Found::new(
                format!(
                    "The application cannot find the address of {host}: {}",
                    quote(line)
                ),
                "Check the host's name in the application's variables. A name from a Compose file (such as \
                 `db`) means nothing here unless a service has it.",
            ))
        },
    },
    // PostgreSQL, MySQL, Redis and MongoDB.
    Rule {
        code: "database-sign-in-refused",
        find: |evidence| {
            let line = evidence.wrote(&[
                "password authentication failed for user",
                "access denied for user",
                "no pg_hba.conf entry",
                "wrongpass ",
                "noauth authentication required",
                "mongoservererror: authentication failed",
                "role \"",
            ])?;
            if after(line, "role \"").is_some_and(|rest| !rest.contains("does not exist")) {
                return None;
            }
            Some(Found::new(
                format!("The database refuses the application's sign-in: {}", quote(line)),
                "Check user and password in the application's variables; characters like @, / and # in a \
                 password must be percent-encoded in an address.",
            ))
        },
    },
    // PostgreSQL: “database "x" does not exist”; MySQL: “Unknown database 'x'”; Prisma's P1003.
    Rule {
        code: "database-not-found",
        find: |evidence| {
            let line = evidence
                .wrote(&["unknown database '", "does not exist on the database server"])
                .or_else(|| {
                    evidence
                        .wrote(&["database \""])
                        .filter(|line| line.contains("does not exist"))
                })?;
            Some(Found::new(
                format!(
                    "The database server has no database of that name: {}",
                    quote(line)
                ),
                "Create the database, or correct its name in the application's variables.",
            ))
        },
    },
    // PostgreSQL: “relation "users" does not exist”; SQLite: “no such table”; MySQL: “Table 'x.y' doesn't exist”.
    Rule {
        code: "database-not-migrated",
        find: |evidence| {
            let absent = |line: &&str| line.contains("does not exist") || line.contains("doesn't exist");
            let line = evidence
                .wrote(&["no such table"])
                .or_else(|| evidence.wrote(&["relation \"", "table '"]).filter(absent))?;
            Some(Found::new(
                format!("A table is missing in the database: {}", quote(line)),
                "Run the application's migrations before it starts.",
            ))
        },
    },
    // npm.
    Rule {
        code: "start-script-missing",
        find: |evidence| {
            let line = evidence.wrote(&[
                "missing script:",
                "err_pnpm_no_script",
                "couldn't find a script named",
            ])?;
            Some(Found::new(
                format!(
                    "The container's command starts a script that package.json does not have: {}",
                    quote(line)
                ),
                "Add the script to package.json, or change CMD in the Dockerfile.",
            ))
        },
    },
    // Node.js, Python, Ruby, the JVM, uvicorn and gunicorn, PHP.
    Rule {
        code: "module-not-found",
        find: |evidence| {
            let line = evidence.wrote(&[
                "cannot find module",
                "cannot find package",
                "no module named",
                "cannot load such file",
                "could not find or load main class",
                "no main manifest attribute",
                "unable to access jarfile",
                "error loading asgi app",
                "failed to find attribute",
                "could not open input file",
            ])?;
            Some(Found::new(
                format!("A part of the application is not in the image: {}", quote(line)),
                "Check that it is in the dependencies (not only those for development), that the \
                 Dockerfile copies it and installs into the final stage, and the name in CMD.",
            ))
        },
    },
    // V8 and the JVM at the limit of their own heap.
    Rule {
        code: "heap-exhausted",
        find: |evidence| {
            evidence.wrote(&[
                "javascript heap out of memory",
                "java.lang.outofmemoryerror",
                "memoryerror",
            ])?;
            Some(Found::new(
                "The application ran out of the memory that its runtime gives it.",
                "Raise the runtime's limit (`NODE_OPTIONS=--max-old-space-size=…`, \
                 `-XX:MaxRAMPercentage=…`), or find what uses so much at the start.",
            ))
        },
    },
    // Node.js, Python, Go and libc about files that the user of the container may not read or write.
    Rule {
        code: "file-not-permitted",
        find: |evidence| {
            let line = evidence.wrote(&[
                "eacces: permission denied",
                "permissionerror: [errno 13]",
                "read-only file system",
                "eperm: operation not permitted",
                ": permission denied",
            ])?;
            Some(Found::new(
                format!("The application may not use a file or folder: {}", quote(line)),
                "Give it to the user of the container in the Dockerfile (`COPY --chown`, `RUN chown`), or \
                 write to a folder that this user owns, such as /tmp.",
            ))
        },
    },
    // What runtimes, libraries and shells say of an environment variable; see `variable`.
    Rule {
        code: "variable-missing",
        find: |evidence| {
            let variable = missing_variable(evidence)?;
            let variable = name(&variable);
            Some(Found::new(
                format!("The application needs the variable {variable}, which has no value."),
                format!("Set {variable} in the application's variables and deploy again."),
            ))
        },
    },
];

/// Services by the port on which they usually listen.
const SERVICES: [(&str, &str); 9] = [
    ("5432", "PostgreSQL"),
    ("3306", "MySQL"),
    ("6379", "Redis"),
    ("27017", "MongoDB"),
    ("5672", "RabbitMQ"),
    ("9200", "Elasticsearch"),
    ("9092", "Kafka"),
    ("11211", "Memcached"),
    ("1433", "SQL Server"),
];

/// The newest line about a refused connection that says to whom.
fn refused(evidence: &Evidence) -> Option<(&str, String)> {
    let signs = [
        "econnrefused",
        "connection refused",
        "can't reach database server",
        "can't connect to mysql server",
        "communications link failure",
        "could not connect to server",
    ];
    evidence.all().find_map(|line| {
        let lower = line.to_ascii_lowercase();
        signs.iter().find(|sign| lower.contains(*sign))?;
        let at_port = |port: &str| {
            [
                format!(":{port}"),
                format!("port {port}"),
                format!("port: {port}"),
            ]
            .iter()
            .any(|form| lower.contains(form))
        };
        let service = SERVICES
            .iter()
            .find(|(port, _)| at_port(port))
            .map(|(_, service)| *service);
        let by_words = ["mysql", "redis", "mongo", "database"]
            .iter()
            .any(|word| lower.contains(word))
            || lower.contains("could not connect to server");
        let address = word_after(line, "econnrefused ")
            .or_else(|| word_after(line, "dial tcp "))
            .map(name);
        let whom = match (service, address) {
            (Some(service), Some(address)) => format!("{service} at {address}"),
            (Some(service), None) => service.to_owned(),
            (None, Some(address)) => format!("the service at {address}"),
            (None, None) if by_words || lower.contains("communications link") => "its database".to_owned(),
            (None, None) => return None,
        };
        Some((line, whom))
    })
}
