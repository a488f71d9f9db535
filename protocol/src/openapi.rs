//! The OpenAPI 3.1 document, made from the catalogue.

use serde_json::{Value, json};

use crate::access::Access;
use crate::api::{STREAM_TYPE, catalogue};

/// The document as JSON: every path with its operation, parameters, security and the problem that failures answer.
pub fn document(version: &str) -> Value {
    let mut paths = serde_json::Map::new();
    for route in catalogue() {
        let parameters: Vec<Value> = route
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        let media = if route.stream {
            STREAM_TYPE
        } else {
            "application/json"
        };
        let security = match route.access {
            Access::Public => json!([]),
            Access::SignedIn | Access::Team(..) => json!([{ "session": [] }]),
        };
        let mut operation = json!({
            "operationId": route.name,
            "summary": route.summary.trim(),
            "parameters": parameters,
            "security": security,
            "responses": {
                "200": { "description": "Done", "content": { media: { "schema": {} } } },
                "default": { "description": "Failed", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } }
            }
        });
        if let Some(most) = route.bytes {
            operation["requestBody"] = json!({
                "description": format!("At most {most} bytes."),
                "content": { "application/octet-stream": {} }
            });
        }
        let entry = paths.entry(route.path).or_insert_with(|| json!({}));
        entry[route.method.as_str().to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Slipway agent", "version": version, "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "paths": paths,
        "components": {
            "securitySchemes": { "session": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": { "Problem": {
                "type": "object",
                "required": ["code", "title", "status", "detail"],
                "properties": {
                    "code": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
                    "detail": { "type": "string" }, "request_id": { "type": "string" }
                }
            } }
        }
    })
}
