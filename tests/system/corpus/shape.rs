//! The fields of every call, found in the OpenAPI document that the agent serves, and good requests with one of them replaced.

use serde_json::{Map, Value, json};

use super::values::{Hostile, encode};

/// Stands for the hostile value until the request is bytes.
const MARK: &str = "the hostile value stands here";

/// Stands for a name that nothing has yet.
pub const FRESH: &str = "fresh-name";

/// The value of a named type that a good request has.
pub type Sample<'a> = &'a dyn Fn(&str) -> Option<Value>;

pub struct Document(Value);

pub struct Operation {
    pub name: String,
    pub method: String,
    path: String,
    parameters: Vec<Parameter>,
    body: Option<Value>,
    bytes: bool,
}

struct Parameter {
    place: String,
    name: String,
    schema: Value,
}

/// A step from a JSON value into it.
#[derive(Clone, Debug)]
pub enum Step {
    Field(String),
    Item,
    /// The value, or the name, of an entry whose name anybody may choose.
    Entry,
    Name,
    /// One of several shapes that the value may have.
    Shape(usize),
}

/// Where a request holds a value.
#[derive(Clone, Debug)]
pub enum Field {
    Path(String),
    Query(String),
    Body(Vec<Step>),
}

impl Field {
    /// The step that leads to it.
    pub fn last(&self) -> Option<&Step> {
        match self {
            Self::Body(steps) => steps.last(),
            Self::Path(_) | Self::Query(_) => None,
        }
    }
}

/// A place of a call where a value can stand.
pub struct Place {
    pub field: Field,
    /// The type that it is a field of, or its own in an address, where that has a name.
    pub owner: Option<String>,
    /// A text, a list or a map: more than a number or one of a few words.
    pub is_open: bool,
    /// A text, and not one of a few words.
    pub is_text: bool,
    /// The name of its own type; empty where that has none.
    pub kind: String,
}

pub struct Request {
    pub target: String,
    pub body: Option<Vec<u8>>,
}

/// A request with one place to fill: address and body, each whole or in two halves around it.
pub struct Hole {
    target: (String, Option<String>),
    body: Option<(String, Option<String>)>,
}

impl Hole {
    /// `fresh` takes the place of [`FRESH`], for names that are used once.
    pub fn filled(&self, value: &Hostile, fresh: &str) -> Request {
        let named = |text: &str| text.replace(FRESH, fresh);
        let target = match &self.target {
            (before, Some(after)) => format!("{}{}{}", named(before), value.url, named(after)),
            (whole, None) => named(whole),
        };
        let body = self.body.as_ref().map(|(before, after)| match after {
            Some(after) => [named(before).as_bytes(), &value.json, named(after).as_bytes()].concat(),
            None => named(before).into_bytes(),
        });
        Request { target, body }
    }
}

impl Document {
    pub fn new(document: Value) -> Self {
        Self(document)
    }

    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, methods) in self.0["paths"].as_object().expect("paths") {
            for (method, description) in methods.as_object().expect("methods") {
                let parameters = description["parameters"].as_array().expect("parameters");
                let content = &description["requestBody"]["content"];
                operations.push(Operation {
                    name: text(&description["operationId"]),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    parameters: parameters.iter().map(parameter).collect(),
                    body: content["application/json"].get("schema").cloned(),
                    bytes: content.get("application/octet-stream").is_some(),
                });
            }
        }
        operations
    }

    /// Every place of a call where a value can stand.
    pub fn places(&self, operation: &Operation) -> Vec<Place> {
        let mut places = Vec::new();
        for parameter in &operation.parameters {
            let name = parameter.name.clone();
            let field = if parameter.place == "path" {
                Field::Path(name)
            } else {
                Field::Query(name)
            };
            let schema = self.resolve(&parameter.schema);
            places.push(Place {
                field,
                owner: parameter.schema.get("$ref").map(text),
                is_open: self.is_open(&schema),
                is_text: self.is_text(&schema),
                kind: name_of(&parameter.schema),
            });
        }
        if let Some(schema) = &operation.body {
            self.walk(schema, None, &mut Vec::new(), &mut places);
        }
        places
    }

    fn walk(&self, schema: &Value, owner: Option<String>, steps: &mut Vec<Step>, places: &mut Vec<Place>) {
        let named = schema.get("$ref").map(text);
        let kind = name_of(schema);
        let schema = self.resolve(schema);
        // A value that may have several shapes is met once, as a whole.
        if !matches!(steps.last(), Some(Step::Shape(_))) {
            places.push(Place {
                field: Field::Body(steps.clone()),
                owner: owner.clone(),
                is_open: self.is_open(&schema),
                is_text: self.is_text(&schema),
                kind,
            });
        }
        let owner = named.or(owner);
        let mut into = |step: Step, inner: &Value| {
            steps.push(step);
            self.walk(inner, owner.clone(), steps, places);
            steps.pop();
        };
        for (number, shape) in shapes(&schema).iter().enumerate() {
            into(Step::Shape(number), shape);
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            into(Step::Field(name.clone()), inner);
        }
        if schema["items"].is_object() {
            into(Step::Item, &schema["items"]);
        }
        if schema["additionalProperties"].is_object() {
            into(Step::Entry, &schema["additionalProperties"]);
            into(Step::Name, &json!({ "type": "string" }));
        }
    }

    fn is_open(&self, schema: &Value) -> bool {
        if schema.get("const").is_some() || schema.get("enum").is_some() {
            return false;
        }
        let shapes = shapes(schema);
        if !shapes.is_empty() {
            return shapes.iter().any(|shape| self.is_open(&self.resolve(shape)));
        }
        let closed = ["integer", "number", "boolean", "null"];
        let is_closed = |kind: &Value| kind.as_str().is_some_and(|kind| closed.contains(&kind));
        match &schema["type"] {
            Value::Array(kinds) => !kinds.iter().all(is_closed),
            kind => !is_closed(kind),
        }
    }

    fn is_text(&self, schema: &Value) -> bool {
        if schema.get("const").is_some() || schema.get("enum").is_some() {
            return false;
        }
        let shapes = shapes(schema);
        if !shapes.is_empty() {
            return shapes.iter().any(|shape| self.is_text(&self.resolve(shape)));
        }
        match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
            kind => kind == "string",
        }
    }

    /// The texts that a body has at this place.
    pub fn held(&self, operation: &Operation, steps: &[Step], body: &Value) -> Vec<String> {
        let schema = operation.body.as_ref().expect("a body");
        self.held_by(schema, steps, body)
    }

    fn held_by(&self, schema: &Value, steps: &[Step], value: &Value) -> Vec<String> {
        let Some((step, rest)) = steps.split_first() else {
            return value.as_str().map(str::to_owned).into_iter().collect();
        };
        let schema = self.resolve(schema);
        match step {
            Step::Shape(number) => {
                let shape = &shapes(&schema)[*number];
                let wanted = &self.resolve(shape)["properties"]["kind"]["const"];
                if !wanted.is_null() && *wanted != value["kind"] {
                    return Vec::new();
                }
                self.held_by(shape, rest, value)
            }
            Step::Field(name) => self.held_by(&schema["properties"][name], rest, &value[name]),
            Step::Item => {
                let items = value.as_array().into_iter().flatten();
                items
                    .flat_map(|item| self.held_by(&schema["items"], rest, item))
                    .collect()
            }
            Step::Entry => {
                let entries = value.as_object().into_iter().flatten();
                entries
                    .flat_map(|(_, inner)| self.held_by(&schema["additionalProperties"], rest, inner))
                    .collect()
            }
            Step::Name => {
                let entries = value.as_object().into_iter().flatten();
                entries.map(|(name, _)| name.clone()).collect()
            }
        }
    }

    /// A good request.
    pub fn good(&self, operation: &Operation, sample: Sample<'_>) -> Request {
        let body = operation.body.as_ref().map(|schema| self.valid(schema, sample));
        Request {
            target: self.target(operation, None, sample),
            body: body
                .map(|body| body.to_string().into_bytes())
                .or_else(|| operation.bytes.then(|| b"bytes".to_vec())),
        }
    }

    /// A good request in which this field can be replaced.
    pub fn with_hole(&self, operation: &Operation, field: &Field, sample: Sample<'_>) -> Hole {
        let good = self.good(operation, sample);
        match (field, &operation.body) {
            (Field::Body(steps), Some(schema)) => {
                let body = self.with_mark(schema, steps, sample).to_string();
                let mark = format!("\"{MARK}\"");
                let (before, after) = body.split_once(&mark).expect("the mark");
                Hole {
                    target: (good.target, None),
                    body: Some((before.to_owned(), Some(after.to_owned()))),
                }
            }
            _ => {
                let target = self.target(operation, Some(field), sample);
                let (before, after) = target.split_once(MARK).expect("the mark");
                let body = good
                    .body
                    .map(|body| (String::from_utf8(body).expect("a text"), None));
                Hole {
                    target: (before.to_owned(), Some(after.to_owned())),
                    body,
                }
            }
        }
    }

    fn target(&self, operation: &Operation, hostile: Option<&Field>, sample: Sample<'_>) -> String {
        let mut target = operation.path.clone();
        for parameter in operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == "path")
        {
            let text = match hostile {
                Some(Field::Path(name)) if *name == parameter.name => MARK.to_owned(),
                _ => encode(text(&self.valid(&parameter.schema, sample)).as_bytes()),
            };
            target = target.replace(&format!("{{{}}}", parameter.name), &text);
        }
        if let Some(Field::Query(name)) = hostile {
            target.push_str(&format!("?{name}={MARK}"));
        }
        target
    }

    fn with_mark(&self, schema: &Value, steps: &[Step], sample: Sample<'_>) -> Value {
        let Some((step, rest)) = steps.split_first() else {
            return json!(MARK);
        };
        let resolved = self.resolve(schema);
        match step {
            Step::Shape(number) => self.with_mark(&shapes(&resolved)[*number], rest, sample),
            Step::Field(name) => {
                // Of the named type there may be a sample that has other fields; here its own are wanted.
                let mut whole = self.required(&resolved, sample);
                whole.insert(
                    name.clone(),
                    self.with_mark(&resolved["properties"][name], rest, sample),
                );
                Value::Object(whole)
            }
            Step::Item => json!([self.with_mark(&resolved["items"], rest, sample)]),
            Step::Entry => json!({ "KEY": self.with_mark(&resolved["additionalProperties"], rest, sample) }),
            Step::Name => json!({ MARK: self.valid(&resolved["additionalProperties"], sample) }),
        }
    }

    /// The smallest good value.
    fn valid(&self, schema: &Value, sample: Sample<'_>) -> Value {
        let resolved = self.resolve(schema);
        let name = text(&resolved["x-name"]);
        if let Some(value) = sample(&name) {
            return value;
        }
        if let Some(fixed) = resolved.get("const").or_else(|| resolved["enum"].get(0)) {
            return fixed.clone();
        }
        if let Some(first) = shapes(&resolved).iter().find(|shape| shape["type"] != "null") {
            return self.valid(first, sample);
        }
        match text(&resolved["type"]).as_str() {
            "object" => Value::Object(self.required(&resolved, sample)),
            "array" => json!([]),
            "integer" | "number" => json!(10),
            "boolean" => json!(false),
            "string" if name.is_empty() => json!("PLAINPLAINPLAIM="),
            other => panic!("{name} ({other}) has no sample here; write one"),
        }
    }

    fn required(&self, resolved: &Value, sample: Sample<'_>) -> Map<String, Value> {
        let names = resolved["required"].as_array().into_iter().flatten();
        let field = |name: &Value| {
            let name = text(name);
            let value = self.valid(&resolved["properties"][&name], sample);
            (name, value)
        };
        names.map(field).collect()
    }

    /// The schema with what its references say, and the name of its type as `x-name`.
    fn resolve(&self, schema: &Value) -> Value {
        let Some(name) = schema.get("$ref").map(text) else {
            return schema.clone();
        };
        let target = self.0.pointer(name.trim_start_matches('#')).expect("the type");
        let mut whole = self.resolve(target);
        whole["x-name"] = json!(name.rsplit('/').next());
        for (key, value) in schema
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != "$ref")
        {
            match (&mut whole[key], value) {
                (Value::Object(known), Value::Object(more)) => known.extend(more.clone()),
                (Value::Array(known), Value::Array(more)) => known.extend(more.clone()),
                (known, value) => *known = value.clone(),
            }
        }
        if schema.get("properties").is_some() {
            // A variant around the type: it is more than the type itself.
            whole["x-name"] = Value::Null;
        }
        whole
    }
}

impl Operation {
    pub fn has_body(&self) -> bool {
        self.body.is_some()
    }
}

fn parameter(description: &Value) -> Parameter {
    Parameter {
        place: text(&description["in"]),
        name: text(&description["name"]),
        schema: description["schema"].clone(),
    }
}

/// The name of a type, also of one that may be left out; empty where it has none.
fn name_of(schema: &Value) -> String {
    let shapes = shapes(schema);
    let named = std::iter::once(schema)
        .chain(&shapes)
        .find_map(|one| one.get("$ref"))
        .map(text)
        .unwrap_or_default();
    named.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The shapes that a value may have, where there are several.
fn shapes(schema: &Value) -> Vec<Value> {
    let several = schema.get("oneOf").or_else(|| schema.get("anyOf"));
    let shapes = several.and_then(Value::as_array).cloned().unwrap_or_default();
    // What all shapes have in common stands beside them.
    let common = schema.get("properties").is_some();
    let whole = |mut shape: Value| {
        if common {
            let required = schema["required"].clone();
            shape["properties"] = merged(&schema["properties"], &shape["properties"]);
            let own = shape["required"].as_array().cloned().unwrap_or_default();
            shape["required"] = required
                .as_array()
                .into_iter()
                .flatten()
                .cloned()
                .chain(own)
                .collect();
        }
        shape
    };
    shapes.into_iter().map(whole).collect()
}

fn merged(one: &Value, other: &Value) -> Value {
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    Value::Object(fields(one).into_iter().chain(fields(other)).collect())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
