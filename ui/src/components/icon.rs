//! The one icon set: strokes on a 16 px grid, drawn here so that nothing is loaded.

use yew::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Fleet,
    Plus,
    Sun,
    Moon,
    Check,
    Cross,
    External,
    Copy,
    Eye,
    EyeOff,
    Trash,
    Search,
    Health,
    People,
    Audit,
    SignOut,
    Deploy,
    Undo,
    Warning,
    Lock,
    Box,
    Follow,
    Down,
    Up,
    More,
    Keyboard,
    Page,
    Settings,
    Restart,
    Stop,
    Start,
    Return,
    Wrap,
    Save,
    Braces,
    Edit,
    MoveDown,
    Back,
    Forward,
    Sliders,
    Key,
    Events,
    Chart,
    Columns,
    Star,
    Tag,
    Context,
    Grip,
    /// In a round mark, where the sign of a warning would be too small.
    Mind,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Fleet => "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.01M4.5 11h.01",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Sun => {
                "M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"
            }
            Self::Moon => "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
            Self::Check => "M3.5 8.5l3 3l6-7",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::External => "M9 3h4v4M13 3L7.5 8.5M11.5 9.5V13H3V4.5h3.5",
            Self::Copy => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
            Self::Eye => {
                "M1.5 8S4 3.5 8 3.5S14.5 8 14.5 8S12 12.5 8 12.5S1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4a2 2 0 1 0 0-4"
            }
            Self::EyeOff => {
                "M2.5 2.5l11 11M6 3.8A6 6 0 0 1 8 3.5C12 3.5 14.5 8 14.5 8a12 12 0 0 1-2 2.5M10 12.2a6 6 0 0 1-2 .3C4 12.5 1.5 8 1.5 8a12 12 0 0 1 2.2-2.7"
            }
            Self::Trash => "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4",
            Self::Search => "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M10.3 10.3l3.2 3.2",
            Self::Health => "M1.5 8h3l1.5-4.5l3.5 9L11 8h3.5",
            Self::People => {
                "M6 3a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5M1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M10.5 3.3a2.5 2.5 0 0 1 0 4.4M12 9.9c1.6.6 2.5 1.9 2.5 3.6"
            }
            Self::Audit => "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
            Self::SignOut => "M6.5 13.5h-4v-11h4M10 5l3 3l-3 3M13 8H6",
            Self::Deploy => "M8 13V3M4 7l4-4l4 4",
            Self::Undo => "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M6 3.5l-3 3l3 3",
            Self::Warning => "M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.6h.01",
            Self::Lock => "M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
            Self::Box => "M8 1.5l6 3v7l-6 3l-6-3v-7zM2 4.5l6 3l6-3M8 7.5v7",
            Self::Down => "M4.5 6.5L8 10l3.5-3.5",
            Self::Up => "M4.5 9.5L8 6l3.5 3.5",
            Self::More => {
                "M3 8a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M7.5 8a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M12 8a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0"
            }
            Self::Edit => "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3zM9 4.7l2.3 2.3",
            Self::MoveDown => "M8 3v10M4 9l4 4l4-4",
            Self::Back => "M10 3.5L5.5 8l4.5 4.5",
            Self::Forward => "M6 3.5L10.5 8L6 12.5",
            Self::Sliders => {
                "M2.5 4.5h6M12 4.5h1.5M2.5 11.5H4M7.5 11.5h6M10.2 2.7a1.8 1.8 0 1 0 0 3.6a1.8 1.8 0 1 0 0-3.6M5.8 9.7a1.8 1.8 0 1 0 0 3.6a1.8 1.8 0 1 0 0-3.6"
            }
            Self::Follow => "M8 2.5v8M4.5 7L8 10.5L11.5 7M3 13.5h10",
            Self::Keyboard => "M1.5 4h13v8h-13zM4 6.7h.01M6.7 6.7h.01M9.3 6.7h.01M12 6.7h.01M5 9.5h6",
            Self::Page => "M4 1.5h5.5L12.5 4.5v10h-8.5zM6.5 7.5h3.5M6.5 10.5h3.5",
            Self::Settings => "M2 4.5h7M12 4.5h2M10.5 3v3M2 11.5h2M7 11.5h7M5.5 10v3",
            Self::Restart => "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3",
            Self::Stop => "M4 4h8v8H4z",
            Self::Start => "M5 3l8 5l-8 5z",
            Self::Wrap => "M2 4h12M2 8h9.5a2 2 0 0 1 0 4H8M9.5 10.5L8 12l1.5 1.5M2 12h3",
            Self::Braces => {
                "M6 2.5c-2 0-2 1-2 2.5S4 7.5 2.5 8C4 8.5 4 9.5 4 11s0 2.5 2 2.5M10 2.5c2 0 2 1 2 2.5s0 2.5 1.5 3c-1.5.5-1.5 1.5-1.5 3s0 2.5-2 2.5"
            }
            Self::Star => "M8 2l1.8 3.8l4.2.6l-3 2.9l.7 4.2L8 11.5l-3.7 2l.7-4.2l-3-2.9l4.2-.6z",
            Self::Context => "M3 2.5h10M3 5h10M2 8h12M3 11h10M3 13.5h10",
            Self::Tag => "M2 2h5.5l6.5 6.5l-5.5 5.5L2 7.5zM5 5h.01",
            Self::Mind => "M8 3v6M8 12.5h.01",
            Self::Grip => "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
            Self::Columns => "M2 3h12v10H2zM6 3v10M10 3v10",
            Self::Chart => "M2 2v12h12M4.5 10.5l3-4l2.5 2.5l3.5-5",
            Self::Events => "M8 1.5v2M8 3.5a4 4 0 0 1 4 4v2.5l1.5 2h-11l1.5-2V7.5a4 4 0 0 1 4-4M6.5 13.5h3",
            Self::Key => "M5 7.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5M7 8.5l6-6M11 4.5l2 2",
            Self::Save => "M8 2.5v7M5 6.5l3 3l3-3M2.5 12v1.5h11V12",
            Self::Return => "M12.5 4v4.5H4M6.5 6L4 8.5L6.5 11",
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct IconProps {
    pub icon: Icon,
    #[prop_or_default]
    pub class: Classes,
}

/// A picture beside a text; what stands alone gets its name from the element around it.
#[function_component]
pub fn Picture(props: &IconProps) -> Html {
    html! {
        <svg class={classes!("icon", props.class.clone())} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"
            fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">
            <path d={props.icon.path()}/>
        </svg>
    }
}
