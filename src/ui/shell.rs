//! What is around every screen: tabs and state above, the line that must be said, keys below.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;

use super::app::{App, Overlay, Recorded};
use super::graphics::Plate;
use super::screens::Screen;
use super::widgets::line;
use super::{banner, footer, help, palette, rates, screens};
use crate::session::{DeviceGauge, FinishReason, Phase};
use crate::spec::grouped;

/// The least that everything still makes sense on.
pub const LEAST: (u16, u16) = (40, 12);

/// From this width on a screen has a margin.
const ROOMY: u16 = 60;

/// Cells of the header that the run's state needs beside the tabs.
const BESIDE_TABS: u16 = 14;

/// Where the parts of the screen are.
pub struct Frame {
    pub header: Rect,
    /// Of no height where nothing must be said.
    pub banner: Rect,
    pub body: Rect,
    pub footer: Rect,
}

pub fn frame(app: &App, area: Rect) -> Frame {
    let row = |y: u16| Rect { y, height: 1, ..area };
    let banner = banner::rows(app, area.width);
    let top = 1 + banner;
    let body = Rect { y: area.y + top, height: area.height.saturating_sub(top + 1), ..area };
    Frame {
        header: row(area.y),
        banner: Rect { height: banner, ..row(area.y + 1) },
        body: body.inner(Margin::new(u16::from(area.width >= ROOMY), 0)),
        footer: row(area.bottom().saturating_sub(1)),
    }
}

/// Draws the whole screen.
pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    line::clear(area, buf, app.theme.text);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return too_small(app, area, buf);
    }
    let frame = frame(app, area);
    header(app, frame.header, buf);
    banner::render(app, frame.banner, buf);
    screens::view(app, frame.body, buf);
    on_top(app, &frame, area, buf);
}

/// What may lie on a part of the open screen: the keys, a message, a box.
fn on_top(app: &App, frame: &Frame, area: Rect, buf: &mut Buffer) {
    footer::render(app, frame.footer, buf);
    match &app.overlay {
        Some(Overlay::Help(scrolled)) => help::render(*scrolled, area, buf, &app.theme),
        Some(Overlay::Palette(state)) => palette::render(state, app, area, buf),
        Some(Overlay::Dialog(dialog)) => dialog.render(area, buf, &app.theme),
        Some(Overlay::Moments(moments)) => moments.render(app, area, buf),
        Some(Overlay::Rates) => rates::render(app, area, buf),
        Some(Overlay::OwnPicture(path)) => screens::own_picture_box(path, area, buf, &app.theme),
        Some(Overlay::Edit(_)) | None => {}
    }
}

/// Where pictures lie on the open screen, and whether something lies on them.
pub fn plates(app: &App, area: Rect) -> Vec<(Plate, bool)> {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return Vec::new();
    }
    let frame = frame(app, area);
    let plates = screens::plates(app, frame.body);
    if plates.is_empty() {
        return Vec::new();
    }
    // What no text can be shows where nothing is drawn.
    let untouched = Cell::new("\u{0}");
    let mut top = Buffer::filled(area, untouched.clone());
    on_top(app, &frame, area, &mut top);
    let is_covered = |plate: &Plate| plate.area.positions().any(|place| top[place] != untouched);
    plates.into_iter().map(|plate| (is_covered(&plate), plate)).map(|(covered, plate)| (plate, covered)).collect()
}

fn too_small(app: &App, area: Rect, buf: &mut Buffer) {
    let session = app.shown();
    let lines = [
        format!("{}×{} is too small", area.width, area.height),
        format!("{}×{} is needed", LEAST.0, LEAST.1),
        String::new(),
        format!("step {}", grouped(session.steps())),
        session.last_step.map_or(String::new(), |last| format!("loss {:.3}", last.loss)),
    ];
    let top = area.y + area.height.saturating_sub(lines.len() as u16) / 2;
    for (y, text) in (top..area.bottom()).zip(&lines) {
        let text = line::fitted(text, area.width);
        buf.set_string(area.x + (area.width - line::width(&text)) / 2, y, text, app.theme.text);
    }
}

/// Each screen's tab with its place in the header and its words; where there is little room, only the open one has its name.
pub fn tabs(header: Rect, open: Screen, screens: &[Screen]) -> Vec<(Rect, Screen, String)> {
    let named = |(i, screen): (usize, Screen)| (screen, format!(" {} {} ", i + 1, screen.title()));
    let mut labels: Vec<(Screen, String)> = screens.iter().copied().enumerate().map(named).collect();
    let wide: u16 = labels.iter().map(|(_, label)| line::width(label)).sum();
    if wide + BESIDE_TABS > header.width {
        for (i, (_, label)) in labels.iter_mut().enumerate().filter(|(_, (screen, _))| *screen != open) {
            *label = format!(" {} ", i + 1);
        }
    }
    let mut x = header.x;
    let place = |(screen, label): (Screen, String)| {
        let area = Rect { x, width: line::width(&label), ..header };
        x = area.right();
        (area, screen, label)
    };
    labels.into_iter().map(place).collect()
}

fn header(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let mut end = area.x;
    for (place, screen, label) in tabs(area, app.screen, app.screens()) {
        let open = screen == app.screen;
        buf.set_string(place.x, area.y, &label, if open { theme.tab } else { theme.dim });
        end = place.right();
    }
    let mut chips = vec![phase_chip(app)];
    if app.is_frozen() {
        chips.insert(0, (format!(" ▣ FROZEN at {} ", grouped(app.shown().steps())), theme.frozen));
    }
    if app.readonly {
        chips.insert(0, (" read-only ".into(), theme.busy));
    }
    let mut x = area.right();
    for (text, style) in chips.iter().rev() {
        let wide = line::width(text);
        if x < end + wide + 1 {
            break;
        }
        x -= wide;
        buf.set_string(x, area.y, text, *style);
        x = x.saturating_sub(1);
    }
    let room = x.saturating_sub(end + 2);
    if let Some(about) = about(app).iter().find(|text| line::width(text) <= room) {
        buf.set_string(end + 2, area.y, about, theme.dim);
    }
}

/// `alexnet on Emoji-10 · CPU (AVX-512), 2 threads`, on a GPU `alexnet on CIFAR-10 · NVIDIA H100 · 97 % · 61 °C · 412 W`, and shorter and shorter ways to say it.
fn about(app: &App) -> Vec<String> {
    let Some(header) = &app.session().header else { return vec![app.model.name.clone()] };
    let (model, data, device) = (&header.model.name, &header.data.name, &header.device);
    let plain_name = device.name.split(" (").next().unwrap_or_default();
    let more = match (app.session().gauge, device.threads) {
        (Some(gauge), _) => gauge_words(&gauge),
        (None, 1) => ", 1 thread".to_string(),
        (None, threads) => format!(", {threads} threads"),
    };
    let mut forms = Vec::new();
    if let Some(parent) = &header.parent {
        forms.push(format!("{model} on {data} · branched off {} at step {}", parent.run, grouped(parent.step)));
        forms.push(format!("{model} · branched off at step {}", grouped(parent.step)));
    }
    forms.extend([
        format!("{model} on {data} · {}{more}", device.name),
        format!("{model} on {data} · {plain_name}{more}"),
        format!("{model} on {data} · {plain_name}"),
        format!("{model} on {data}"),
        model.clone(),
    ]);
    forms
}

/// ` · 97 % · 61 °C · 412 W · 9.1 of 80 GiB`, as far as the device tells.
fn gauge_words(gauge: &DeviceGauge) -> String {
    let gibibytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let mut words = String::new();
    let mut add = |text: String| words += &format!(" · {text}");
    gauge.utilization.iter().for_each(|share| add(format!("{:.0} %", share * 100.0)));
    gauge.celsius.iter().for_each(|celsius| add(format!("{celsius:.0} °C")));
    gauge.watts.iter().for_each(|watts| add(format!("{watts:.0} W")));
    add(format!("{:.1} of {:.0} GiB", gibibytes(gauge.memory_used), gibibytes(gauge.memory)));
    words
}

/// The state in a word, with a sign of its own.
fn phase_chip(app: &App) -> (String, Style) {
    let (session, theme) = (app.session(), &app.theme);
    if app.leaving.is_some() {
        return (" ▼ STOPPING ".into(), theme.busy);
    }
    let (text, style) = match session.phase {
        _ if app.recorded == Some(Recorded::SoFar) => ("▷ SO FAR", theme.busy),
        _ if app.recorded == Some(Recorded::BrokenOff) => ("✖ BROKEN OFF", theme.failed),
        _ if app.recorded == Some(Recorded::Waiting) => ("◌ WAITING", theme.busy),
        _ if session.finished == Some(FinishReason::Stopped) => ("■ STOPPED", theme.paused),
        Phase::Paused if session.divergence.is_some() => ("✖ DIVERGED", theme.failed),
        Phase::Preparing => ("◌ PREPARING", theme.busy),
        Phase::Training => ("▶ TRAINING", theme.training),
        Phase::Paused => ("‖ PAUSED", theme.paused),
        Phase::Evaluating => ("◇ EVALUATING", theme.busy),
        Phase::Saving => ("▼ SAVING", theme.busy),
        Phase::Finished => ("■ FINISHED", theme.paused),
        Phase::Failed => ("✖ FAILED", theme.failed),
    };
    (format!(" {text} "), style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_says_in_the_header_what_it_tells_of_itself() {
        let gauge = DeviceGauge {
            memory_used: 9 << 30,
            memory: 80 << 30,
            utilization: Some(0.97),
            celsius: Some(61.0),
            watts: Some(412.4),
        };
        assert_eq!(gauge_words(&gauge), " · 97 % · 61 °C · 412 W · 9.0 of 80 GiB");
        let quiet = DeviceGauge { utilization: None, celsius: None, watts: None, ..gauge };
        assert_eq!(gauge_words(&quiet), " · 9.0 of 80 GiB");
    }
}
