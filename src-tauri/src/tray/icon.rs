//! The app's icon with a dot at its lower right, in the colour of a state. Pure.

use tauri::image::Image;

use super::model::State;

/// The dot's radius and the gap around it, as shares of the icon's side.
const RADIUS: f32 = 6.0 / 32.0;
const GAP: f32 = 2.0 / 32.0;

/// The icon of a state.
pub fn of(state: State) -> Image<'static> {
    let app = tauri::include_image!("../icons/32x32.png");
    let pixels = with_dot(app.rgba(), app.width(), app.height(), colour(state));
    Image::new_owned(pixels, app.width(), app.height())
}

/// The window's colours for the same states, those of the light theme: they can be told from a light panel and from a dark one.
fn colour(state: State) -> [u8; 3] {
    match state {
        State::Idle => [0x68, 0x72, 0x7d],
        State::Well => [0x15, 0x80, 0x3d],
        State::Connecting => [0x1d, 0x5f, 0xd1],
        State::Unwell => [0xb4, 0x53, 0x09],
        State::Wrong => [0xc6, 0x28, 0x28],
    }
}

/// Pixels are red, green, blue and alpha, row after row. The icon ends in a gap before the dot.
fn with_dot(icon: &[u8], width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let side = width.min(height) as f32;
    let (radius, gap) = (side * RADIUS, side * GAP);
    let centre = (width as f32 - radius, height as f32 - radius);
    let mut pixels = icon.to_vec();
    for (number, pixel) in pixels.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let (x, y) = (number as u32 % width, number as u32 / width);
        let distance = (x as f32 + 0.5 - centre.0).hypot(y as f32 + 0.5 - centre.1);
        let [red, green, blue, alpha] = pixel;
        let dot = covered(radius, distance);
        if dot > 0.0 {
            [*red, *green, *blue] = colour;
            *alpha = (dot * 255.0).round() as u8;
        } else {
            *alpha = (f32::from(*alpha) * (1.0 - covered(radius + gap, distance))).round() as u8;
        }
    }
    pixels
}

/// How much of a pixel at this distance lies within a circle, from 0 to 1.
fn covered(radius: f32, distance: f32) -> f32 {
    (radius + 0.5 - distance).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 5] = [
        State::Idle,
        State::Well,
        State::Connecting,
        State::Unwell,
        State::Wrong,
    ];

    fn pixel(image: &Image<'_>, x: u32, y: u32) -> [u8; 4] {
        let at = ((y * image.width() + x) * 4) as usize;
        image.rgba()[at..at + 4].try_into().unwrap()
    }

    /// FR-DSK-03: the tray's icon is the app's own, with a round dot in the state's colour at the lower right and a gap around it.
    #[test]
    fn the_icon_has_a_dot_in_the_states_colour() {
        let app = tauri::include_image!("../icons/32x32.png");
        for state in STATES {
            let icon = of(state);
            let [red, green, blue] = colour(state);
            assert_eq!((icon.width(), icon.height()), (app.width(), app.height()));
            for (x, y) in [(26, 26), (22, 26), (30, 26), (26, 22), (26, 30)] {
                assert_eq!(
                    pixel(&icon, x, y),
                    [red, green, blue, 255],
                    "{state:?} at {x}, {y}"
                );
            }
            for (x, y) in [(19, 26), (26, 19), (31, 31)] {
                assert_eq!(pixel(&icon, x, y)[3], 0, "the gap at {x}, {y}");
            }
            for (x, y) in [(0, 0), (16, 8), (8, 16), (15, 15), (31, 16), (16, 31)] {
                assert_eq!(pixel(&icon, x, y), pixel(&app, x, y), "the app's own at {x}, {y}");
            }
        }
    }

    /// FR-DSK-03: no two states look the same, and their colours are the window's.
    #[test]
    fn states_have_the_windows_colours() {
        let tokens = include_str!("../../../ui/styles/00-tokens.css");
        let names = ["faint", "good", "progress", "warning", "bad"];
        for (state, name) in STATES.into_iter().zip(names) {
            let [red, green, blue] = colour(state);
            let token = format!("--{name}: #{red:02x}{green:02x}{blue:02x};");
            assert!(tokens.contains(&token), "{token}");
        }
    }

    /// FR-DSK-03: an icon of another size has the same dot.
    #[test]
    fn the_dot_grows_with_the_icon() {
        let pixels = with_dot(&[9; 64 * 64 * 4], 64, 64, [1, 2, 3]);
        let at = |x: usize, y: usize| &pixels[(y * 64 + x) * 4..][..4];
        assert_eq!(at(52, 52), [1, 2, 3, 255]);
        assert_eq!(at(42, 52), [1, 2, 3, 255]);
        assert_eq!(at(39, 52), [9, 9, 9, 0]);
        assert_eq!(at(30, 52), [9, 9, 9, 9]);
    }
}
