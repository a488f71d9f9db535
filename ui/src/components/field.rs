//! Fields of forms: a label, the input with its `data-testid`, and below it a hint or what is wrong with the text.

use web_sys::{HtmlElement, HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::button::{Button, Look};
use super::icon::Icon;
use crate::visible;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Text,
    /// Hidden until the person reveals it.
    Secret,
}

/// Tells the text of a control as it changes. What fills or clears one without keys is told by the second event alone.
pub fn written_in(
    control: &NodeRef,
    onchange: &Callback<String>,
    text: fn(&NodeRef) -> Option<String>,
) -> (Callback<InputEvent>, Callback<Event>) {
    let (control, onchange) = (control.clone(), onchange.clone());
    let taken = Callback::from(move |()| {
        if let Some(text) = text(&control) {
            onchange.emit(text);
        }
    });
    (taken.reform(|_: InputEvent| ()), taken.reform(|_: Event| ()))
}

pub fn text_of_input(input: &NodeRef) -> Option<String> {
    let input = input.cast::<HtmlInputElement>()?;
    Some(input.value())
}

#[derive(PartialEq, Properties)]
pub struct FieldProps {
    /// The input's `data-testid` and id.
    pub id: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    pub onchange: Callback<String>,
    #[prop_or_default]
    pub kind: Kind,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// Fixed-width text: addresses, paths, keys.
    #[prop_or_default]
    pub mono: bool,
    #[prop_or_default]
    pub autofocus: bool,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub autocomplete: Option<AttrValue>,
}

#[function_component]
pub fn Field(props: &FieldProps) -> Html {
    let input = use_node_ref();
    let revealed = use_state(|| false);
    use_focus(input.clone(), props.autofocus);
    let (oninput, onchange) = written_in(&input, &props.onchange, text_of_input);
    let secret = props.kind == Kind::Secret;
    let kind = match props.kind {
        Kind::Secret if !*revealed => "password",
        Kind::Text | Kind::Secret => "text",
    };
    let reveal = {
        let revealed = revealed.clone();
        Callback::from(move |()| revealed.set(!*revealed))
    };
    html! {
        <Labelled id={props.id.clone()} label={props.label.clone()} hint={props.hint.clone()} error={props.error.clone()}>
            <span class={classes!("control", "pf-v6-c-form-control", props.error.is_some().then_some("pf-m-error"))}>
                <input ref={input} id={props.id.clone()} data-testid={props.id.clone()} type={kind} value={props.value.clone()}
                    class={classes!((props.mono || secret).then_some("mono"))} placeholder={props.placeholder.clone()}
                    aria-invalid={props.error.is_some().then_some("true")} disabled={props.disabled} spellcheck="false"
                    autocapitalize="off" autocomplete={props.autocomplete.clone().unwrap_or(AttrValue::Static("off"))} data-autofocus={props.autofocus.then_some("true")} {oninput} {onchange}/>
                if secret {
                    <Button label={if *revealed { "Hide" } else { "Show" }} icon_only=true look={Look::Plain}
                        icon={if *revealed { Icon::EyeOff } else { Icon::Eye }} onclick={reveal}/>
                }
            </span>
        </Labelled>
    }
}

/// Gives the focus to a control when it is first shown.
#[hook]
pub fn use_focus(node: NodeRef, wanted: bool) {
    use_effect_with(wanted, move |wanted| {
        if let Some(control) = node.cast::<HtmlElement>().filter(|_| *wanted) {
            // A control that is shown takes the focus.
            let _ = control.focus();
        }
    });
}

#[derive(PartialEq, Properties)]
pub struct LabelledProps {
    pub id: AttrValue,
    pub label: AttrValue,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    pub children: Html,
}

/// A label above, and a hint or error below, any control.
#[function_component]
pub fn Labelled(props: &LabelledProps) -> Html {
    html! {
        <div class="field pf-v6-c-form__group">
            <label class="field-label" for={props.id.clone()}>{ &props.label }</label>
            { props.children.clone() }
            if let Some(error) = &props.error {
                <div class="field-error" role="alert">{ error }</div>
            } else if let Some(hint) = &props.hint {
                <div class="field-hint">{ hint }</div>
            }
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub struct AreaProps {
    pub id: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    pub onchange: Callback<String>,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// Lines that are seen at once.
    #[prop_or(4)]
    pub rows: u32,
    #[prop_or_default]
    pub disabled: bool,
    /// Whether it is hidden until the person reveals it.
    #[prop_or_default]
    pub kind: Kind,
    #[prop_or_default]
    pub autofocus: bool,
}

/// A text of several lines, in fixed width. A secret may have several too: keys and certificates do.
#[function_component]
pub fn Area(props: &AreaProps) -> Html {
    let area = use_node_ref();
    use_focus(area.clone(), props.autofocus);
    let revealed = use_state(|| false);
    let secret = props.kind == Kind::Secret;
    let reveal = {
        let revealed = revealed.clone();
        Callback::from(move |()| revealed.set(!*revealed))
    };
    let text = |area: &NodeRef| area.cast::<HtmlTextAreaElement>().map(|area| area.value());
    let (oninput, onchange) = written_in(&area, &props.onchange, text);
    html! {
        <Labelled id={props.id.clone()} label={props.label.clone()} hint={hint(props)} error={props.error.clone()}>
            <span class={classes!("control", "area", "pf-v6-c-form-control", props.error.is_some().then_some("pf-m-error"))}>
                <textarea ref={area} id={props.id.clone()} data-testid={props.id.clone()} value={props.value.clone()} rows={props.rows.to_string()}
                    class={classes!("mono", (secret && !*revealed).then_some("unseen"))} spellcheck="false" autocapitalize="off" autocomplete="off"
                    placeholder={props.placeholder.clone()} disabled={props.disabled} {oninput} {onchange}/>
                if secret {
                    <Button label={if *revealed { "Hide" } else { "Show" }} icon_only=true look={Look::Plain}
                        icon={if *revealed { Icon::EyeOff } else { Icon::Eye }} onclick={reveal}/>
                }
            </span>
        </Labelled>
    }
}

/// What cannot be seen in the text is told below it: a field shows its text as it is.
fn hint(props: &AreaProps) -> Option<AttrValue> {
    let unseen = visible::unseen(&props.value);
    // Of a secret not even that is told.
    if unseen.is_empty() || props.kind == Kind::Secret {
        return props.hint.clone();
    }
    let said = format!(
        "It holds characters that cannot be seen here: {}",
        unseen.join(" ")
    );
    Some(AttrValue::from(said))
}

/// The callback that puts a field's text into a state.
pub fn into_state(state: &UseStateHandle<String>) -> Callback<String> {
    let setter = state.setter();
    Callback::from(move |text| setter.set(text))
}

/// What a parser says against a text; nothing against an empty one that has not been sent yet.
pub fn complaint<T, E: std::fmt::Display>(
    text: &str,
    strict: bool,
    parsed: Result<T, E>,
) -> Option<AttrValue> {
    if text.is_empty() && !strict {
        return None;
    }
    parsed.err().map(|error| AttrValue::from(error.to_string()))
}
