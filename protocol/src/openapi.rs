//! The OpenAPI 3.1 document, made from the catalogue and the types that it names.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::access::Access;
use crate::api::{STREAM_TYPE, catalogue};
use crate::{Problem, RouteDescription};

/// The document as JSON: every path with its operation, parameters, body, answer, security and the problem that failures answer.
pub fn document(version: &str) -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_deserialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths = serde_json::Map::new();
    for route in catalogue() {
        let entry = paths.entry(route.path).or_insert_with(|| json!({}));
        entry[route.method.as_str().to_lowercase()] = operation(&route, &problem, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Slipway agent", "version": version, "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "paths": paths,
        "components": {
            "securitySchemes": { "session": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": generator.take_definitions(true)
        }
    })
}

fn operation(route: &RouteDescription, problem: &Schema, generator: &mut SchemaGenerator) -> Value {
    let shapes = (route.shapes)(generator);
    let mut parameters = parameters("path", &shapes.path);
    parameters.extend(self::parameters("query", &shapes.query));
    let media = match (route.stream, route.tunnel) {
        (_, true) => "application/octet-stream",
        (true, false) => STREAM_TYPE,
        (false, false) => "application/json",
    };
    let answer = if route.tunnel {
        json!({})
    } else {
        json!({ "schema": shapes.response })
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
            "200": { "description": "Done", "content": { media: answer } },
            "default": { "description": "Failed", "content": { "application/problem+json": { "schema": problem } } }
        }
    });
    if let Some(body) = shapes.body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": body } } });
    }
    if let Some(most) = route.bytes {
        operation["requestBody"] = json!({
            "description": format!("At most {most} bytes."),
            "content": { "application/octet-stream": {} }
        });
    }
    if route.tunnel {
        operation["requestBody"] = json!({
            "description": "Bytes, sent while the answer's bytes come; the end of one is not the end of the other.",
            "content": { "application/octet-stream": {} }
        });
    }
    operation
}

/// The fields of a path or query. Those of a path are all there; those of a query have defaults.
fn parameters(place: &str, fields: &Schema) -> Vec<Value> {
    let fields = fields.get("properties").and_then(Value::as_object);
    let parameter = |(name, schema): (&String, &Value)| json!({ "name": name, "in": place, "required": place == "path", "schema": schema });
    fields.into_iter().flatten().map(parameter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-API-01: every call has its parameters, its body and its answer, and every name of a type leads to one.
    #[test]
    fn everything_is_described() {
        let document = document("1");
        for route in catalogue() {
            let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            let named = |place: &str| {
                let all = operation["parameters"].as_array().unwrap().iter();
                all.filter(|parameter| parameter["in"] == place).count()
            };
            assert_eq!(named("path"), route.path.matches('{').count(), "{}", route.name);
            let answer = &operation["responses"]["200"]["content"];
            assert!(
                answer.as_object().is_some_and(|media| media.len() == 1),
                "{}",
                route.name
            );
        }
        let create = &document["paths"]["/api/v1/environments/{environment}/applications"]["post"];
        let body = &create["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(body, "#/components/schemas/NewApplication");
        let mut waiting = vec![&document];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(name)) = fields.get("$ref") {
                        let there = name.strip_prefix('#').and_then(|place| document.pointer(place));
                        assert!(there.is_some(), "{name} leads nowhere");
                    }
                    waiting.extend(fields.values());
                }
                Value::Array(items) => waiting.extend(items),
                _ => {}
            }
        }
    }
}
