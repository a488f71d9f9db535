//! One description of each API call, from which the router, the client and the OpenAPI document are made.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use crate::access::Access;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, schemars::JsonSchema, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// An API call. The value is the request; the constants say how it travels.
///
/// `Path` holds the fields named in `PATH` in braces, `Query` those behind `?`, `Body` the JSON body (`()` for none).
pub trait Endpoint: Sized {
    /// Operation id in OpenAPI, and the name to search for from the screen to the handler.
    const NAME: &'static str;
    const METHOD: Method;
    const PATH: &'static str;
    const ACCESS: Access;
    /// One sentence, from the doc comment.
    const SUMMARY: &'static str;
    /// True when the answer is a stream of JSON lines (`application/x-ndjson`), each a `Response`.
    const STREAM: bool;
    /// The body is plain bytes (`application/octet-stream`), at most so many, and travels beside the request; `None` for JSON.
    const BYTES: Option<usize>;
    /// Body and answer are plain bytes (`application/octet-stream`), both ways at once, until each side ends its own.
    const TUNNEL: bool;

    type Path: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    type Query: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    type Body: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    type Response: Serialize + DeserializeOwned + JsonSchema + Send + 'static;

    fn parts(self) -> (Self::Path, Self::Query, Self::Body);

    /// The request as it goes over the wire, free of its type: what the desktop shell forwards.
    fn into_raw(self) -> Result<RawRequest, serde_json::Error> {
        let (path, query, body) = self.parts();
        let mut target = fill(Self::PATH, &serde_json::to_value(path)?);
        let query = encode_query(&serde_json::to_value(query)?);
        if !query.is_empty() {
            target.push('?');
            target.push_str(&query);
        }
        let body = match serde_json::to_value(body)? {
            serde_json::Value::Null => None,
            value => Some(value),
        };
        Ok(RawRequest {
            method: Self::METHOD,
            target,
            body,
        })
    }
}

/// A request without its type.
#[derive(Clone, schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
pub struct RawRequest {
    pub method: Method,
    /// Path and query, already encoded.
    pub target: String,
    pub body: Option<serde_json::Value>,
}

/// An endpoint as data, for the router's check, the test of the gate and the OpenAPI document.
#[derive(Clone, Copy, Debug)]
pub struct RouteDescription {
    pub name: &'static str,
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    pub summary: &'static str,
    pub stream: bool,
    /// The most bytes of a body that is no JSON.
    pub bytes: Option<usize>,
    /// Plain bytes both ways at once.
    pub tunnel: bool,
    /// What its parts look like.
    pub shapes: fn(&mut SchemaGenerator) -> Shapes,
}

/// The parts of a call as JSON schemas, made from the types that parse them.
pub struct Shapes {
    pub path: Schema,
    pub query: Schema,
    /// `None` without a JSON body.
    pub body: Option<Schema>,
    pub response: Schema,
}

impl Shapes {
    fn of<E: Endpoint>(generator: &mut SchemaGenerator) -> Self {
        let body = generator.subschema_for::<E::Body>();
        let nothing = generator.subschema_for::<()>();
        Self {
            path: E::Path::json_schema(generator),
            query: E::Query::json_schema(generator),
            body: (body != nothing).then_some(body),
            response: generator.subschema_for::<E::Response>(),
        }
    }
}

impl RouteDescription {
    pub const fn of<E: Endpoint>() -> Self {
        Self {
            name: E::NAME,
            method: E::METHOD,
            path: E::PATH,
            access: E::ACCESS,
            summary: E::SUMMARY,
            stream: E::STREAM,
            bytes: E::BYTES,
            tunnel: E::TUNNEL,
            shapes: Shapes::of::<E>,
        }
    }
}

fn fill(template: &str, values: &serde_json::Value) -> String {
    let filled = template.split('/').map(|part| {
        match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => encode(&plain(values.get(name).unwrap_or(&serde_json::Value::Null))),
            None => part.to_owned(),
        }
    });
    filled.collect::<Vec<_>>().join("/")
}

fn encode_query(values: &serde_json::Value) -> String {
    let Some(fields) = values.as_object() else {
        return String::new();
    };
    let pairs = fields.iter().filter(|(_, value)| !value.is_null());
    pairs
        .map(|(key, value)| format!("{}={}", encode(key), encode(&plain(value))))
        .collect::<Vec<_>>()
        .join("&")
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Declares an endpoint: a request type with its path fields, an optional query and an optional body. `bytes N` declares a body
/// of at most N plain bytes, which is handed over beside the request.
macro_rules! endpoint {
    (
        $(#[doc = $doc:literal])+
        $name:ident: $method:ident $path:literal, $access:expr
        $(, path { $($pf:ident: $pt:ty),* $(,)? })?
        $(, query { $($qf:ident: $qt:ty),* $(,)? })?
        $(, body $body:ty)?
        $(, bytes $bytes:expr)?
        => $kind:ident $response:ty
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone)]
        pub struct $name {
            $($(pub $pf: $pt,)*)?
            $($(pub $qf: $qt,)*)?
            $(pub body: $body,)?
        }

        const _: () = {
            #[derive(schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
            pub struct Path { $($($pf: $pt,)*)? }

            #[derive(schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
            pub struct Query { $($(#[serde(default)] $qf: $qt,)*)? }

            impl $crate::endpoint::Endpoint for $name {
                const NAME: &'static str = stringify!($name);
                const METHOD: $crate::endpoint::Method = $crate::endpoint::Method::$method;
                const PATH: &'static str = $path;
                const ACCESS: $crate::access::Access = $access;
                const SUMMARY: &'static str = concat!($($doc),+);
                const STREAM: bool = $crate::endpoint::is_stream(stringify!($kind));
                const BYTES: Option<usize> = $crate::endpoint::endpoint!(@bytes $($bytes)?);
                const TUNNEL: bool = $crate::endpoint::is_tunnel(stringify!($kind));
                type Path = Path;
                type Query = Query;
                type Body = $crate::endpoint::endpoint!(@body $($body)?);
                type Response = $response;

                fn parts(self) -> (Path, Query, Self::Body) {
                    (Path { $($($pf: self.$pf,)*)? }, Query { $($($qf: self.$qf,)*)? }, $crate::endpoint::endpoint!(@take self $($body)?))
                }
            }

            impl $crate::endpoint::FromParts for $name {
                fn from_parts(path: Path, query: Query, body: <Self as $crate::endpoint::Endpoint>::Body) -> Self {
                    let _ = (&path, &query, &body);
                    Self {
                        $($($pf: path.$pf,)*)?
                        $($($qf: query.$qf,)*)?
                        $(body: { let body: $body = body; body },)?
                    }
                }
            }
        };
    };
    (@body) => { () };
    (@body $body:ty) => { $body };
    (@bytes) => { None };
    (@bytes $bytes:expr) => { Some($bytes) };
    (@take $this:ident) => { () };
    (@take $this:ident $body:ty) => { $this.body };
}
pub(crate) use endpoint;

/// The other way round: what the agent's router does with the three parts it has read.
pub trait FromParts: Endpoint {
    fn from_parts(path: Self::Path, query: Self::Query, body: Self::Body) -> Self;
}

/// `one`, `lines` or `tunnel`, as the endpoint's declaration says.
pub const fn is_stream(kind: &str) -> bool {
    matches!(kind.as_bytes(), b"lines")
}

/// See [`is_stream`].
pub const fn is_tunnel(kind: &str) -> bool {
    matches!(kind.as_bytes(), b"tunnel")
}
