//! The network drawn: as boxes joined by arrows where there is room, as a funnel where there is not, as a chain of sides above
//! the table.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::stages::Stage;
use super::table::grey;
use crate::spec::{Shape, grouped, short};
use crate::ui::figures::percent;
use crate::ui::theme::{Theme, ThemeName};
use crate::ui::widgets::grid::{Grid, Head};
use crate::ui::widgets::line;

/// From one box to the next.
const ARROW: &str = " → ";
/// To the next line of boxes.
const TURN: &str = " ↩";
const TURN_ROOM: u16 = 2;
/// How much wider than its texts a box may become.
const SLACK: u16 = 14;
/// Lines of a box: frame, shape, formula, costs, what stands behind, frame.
const BOX: u16 = 6;

/// Draws boxes if all of them fit, else the funnel.
pub fn draw(area: Rect, buf: &mut Buffer, theme: &Theme, stages: &[Stage], selected: usize) {
    match boxes_height(stages, area.width) {
        Some(height) if height <= area.height => boxes(area, buf, theme, stages, selected),
        _ => funnel(stages, selected, theme).draw(area, buf, theme),
    }
}

/// Lines that the boxes need; `None` where not two of them fit beside each other.
pub fn boxes_height(stages: &[Stage], width: u16) -> Option<u16> {
    let a_row = per_row(stages, width);
    (a_row > 1).then(|| stages.len().div_ceil(a_row) as u16 * BOX)
}

fn box_width(stages: &[Stage]) -> u16 {
    let widest = |stage: &Stage| texts(stage).iter().map(|text| line::width(text)).max().unwrap_or(0);
    stages.iter().map(widest).max().unwrap_or(0) + 4
}

/// Boxes beside each other: no more than fit, and no more than an even share of the lines that they take.
fn per_row(stages: &[Stage], width: u16) -> usize {
    let (one, arrow) = (box_width(stages), line::width(ARROW));
    let fit = usize::from((width + arrow).saturating_sub(TURN_ROOM) / (one + arrow)).max(1);
    stages.len().div_ceil(stages.len().div_ceil(fit).max(1))
}

/// The lines within a box.
fn texts(stage: &Stage) -> [String; 4] {
    let towers = stage.towers.map_or(String::new(), |towers| format!("  {towers}"));
    let behind: Vec<&str> = stage.behind.iter().map(|(word, _)| &word[..]).collect();
    [format!("{}{towers}", stage.output), stage.formula.to_string(), costs(stage), behind.join(", ")]
}

/// `34,944 params, 105 M MACs`
fn costs(stage: &Stage) -> String {
    match stage.parameters {
        0 => String::new(),
        n => format!("{} params, {} MACs", grouped(n), short(stage.multiply_adds)),
    }
}

fn boxes(area: Rect, buf: &mut Buffer, theme: &Theme, stages: &[Stage], selected: usize) {
    let a_row = per_row(stages, area.width);
    for (i, stage) in stages.iter().enumerate() {
        let place = box_area(area, stages, i);
        one_box(place, buf, theme, stage, i == selected);
        if i + 1 < stages.len() {
            let last = (i + 1).is_multiple_of(a_row);
            buf.set_string(place.right(), place.y + 1, if last { TURN } else { ARROW }, theme.dim);
        }
    }
}

/// Where a stage's box lies. The boxes share what is left of the line, up to its end where the arrow turns.
fn box_area(area: Rect, stages: &[Stage], index: usize) -> Rect {
    let (a_row, arrow) = (per_row(stages, area.width), line::width(ARROW));
    let width = ((area.width + arrow - TURN_ROOM) / a_row as u16 - arrow).min(box_width(stages) + SLACK);
    let (row, column) = ((index / a_row) as u16, (index % a_row) as u16);
    Rect::new(area.x + column * (width + arrow), area.y + row * BOX, width, BOX)
}

fn one_box(area: Rect, buf: &mut Buffer, theme: &Theme, stage: &Stage, selected: bool) {
    let frame = if selected { theme.key } else { theme.rule };
    let inner = usize::from(area.width) - 2;
    let name = format!("─ {} ", stage.name);
    let share = stage.share.map_or(String::new(), |share| format!(" {} ─", percent(share)));
    let rest = inner.saturating_sub(usize::from(line::width(&name) + line::width(&share)));
    let top = Line::from(vec![
        Span::styled("╭─ ", frame),
        Span::styled(stage.name.to_string(), if selected { theme.selected } else { theme.title }),
        Span::styled(format!(" {}", "─".repeat(rest)), frame),
        Span::styled(share, theme.dim),
        Span::styled("╮", frame),
    ]);
    buf.set_line(area.x, area.y, &top, area.width);
    for y in area.y + 1..area.bottom() - 1 {
        buf.set_string(area.x, y, "│", frame);
        buf.set_string(area.right() - 1, y, "│", frame);
    }
    buf.set_string(area.x, area.bottom() - 1, format!("╰{}╯", "─".repeat(inner)), frame);
    let towers = stage.towers.map_or(String::new(), |towers| format!("  {towers}"));
    let lines = [
        Line::from(vec![Span::styled(stage.output.to_string(), theme.title), Span::styled(towers, theme.dim)]),
        Line::styled(stage.formula.to_string(), theme.text),
        Line::styled(costs(stage), theme.text),
        behind(stage, theme),
    ];
    for (y, text) in (area.y + 1..).zip(lines) {
        line::spans(Rect { x: area.x + 2, y, width: area.width - 4, height: 1 }, buf, text);
    }
}

/// `ReLU, LRN`; what is off is grey.
fn behind(stage: &Stage, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for (i, (word, on)) in stage.behind.iter().enumerate() {
        if i > 0 {
            spans.push(Span::styled(", ", theme.dim));
        }
        spans.push(Span::styled(word.clone(), if *on { theme.train } else { grey(theme) }));
    }
    Line::from(spans)
}

/// The stage under a place of the area that [`draw`] was given.
pub fn stage_at(area: Rect, stages: &[Stage], selected: usize, place: Position) -> Option<usize> {
    match boxes_height(stages, area.width) {
        Some(height) if height <= area.height => {
            let boxed = |index: &usize| box_area(area, stages, *index).contains(place);
            (0..stages.len()).find(boxed)
        }
        _ => funnel(stages, selected, &Theme::named(ThemeName::Mono)).row_at(area, place.y),
    }
}

/// Lines of the funnel: a head, the stages, the totals.
pub fn funnel_height(stages: &[Stage]) -> u16 {
    stages.len() as u16 + 2
}

/// Half cells from the middle of the funnel to its border.
const REACH: u32 = 10;

/// A line a stage; the picture's side as a bar about a middle.
fn funnel(stages: &[Stage], selected: usize, theme: &Theme) -> Grid {
    let largest = stages.iter().map(|stage| extent(stage.output)).max().unwrap_or(1);
    let head = |title, right, rank| Head { title, right, rank, width: 0 };
    let row = |stage: &Stage| {
        let behind: Vec<&str> = stage.behind.iter().map(|(word, _)| &word[..]).collect();
        let count = |n: u64| if n == 0 { String::new() } else { short(n) };
        let off = stage.behind.iter().any(|(_, on)| !on);
        vec![
            Span::styled(about_the_middle(extent(stage.output), largest), theme.train),
            Span::styled(stage.name.to_string(), theme.title),
            Span::styled(stage.output.to_string(), theme.text),
            Span::styled(stage.formula.to_string(), theme.dim),
            Span::styled(count(stage.parameters), theme.text),
            Span::styled(count(stage.multiply_adds), theme.text),
            Span::styled(stage.share.map_or(String::new(), percent), theme.text),
            Span::styled(behind.join(", "), if off { grey(theme) } else { theme.text }),
        ]
    };
    let total = |figure: fn(&Stage) -> u64| short(stages.iter().map(figure).sum());
    let totals = ["", "total", "", "", &total(|stage| stage.parameters), &total(|stage| stage.multiply_adds), "", ""];
    Grid {
        heads: vec![
            head("side", false, 4),
            head("stage", false, 0),
            head("output", false, 1),
            head("formula", false, 3),
            head("params", true, 2),
            head("MACs", true, 5),
            head("share", true, 7),
            head("then", false, 6),
        ],
        rows: stages.iter().map(row).collect(),
        totals: totals.map(|text| Span::styled(text.to_string(), theme.title)).into(),
        selected: Some(selected),
        mark: None,
    }
}

/// Side of a picture; a row of numbers is a point.
fn extent(shape: Shape) -> usize {
    match shape {
        Shape::Picture { height, width, .. } => height.max(width),
        Shape::Flat(_) => 1,
    }
}

/// `  ▐███▌  `: the logarithm of the side, in half cells to both sides of the middle.
fn about_the_middle(side: usize, largest: usize) -> String {
    let share = (side as f64).ln_1p() / (largest as f64).ln_1p();
    let half_cells = ((share * f64::from(REACH)).round() as u32).clamp(1, REACH);
    let (cells, half) = ((half_cells / 2) as usize, half_cells % 2 == 1);
    let blank = " ".repeat(REACH as usize / 2 - cells - usize::from(half));
    let (left, right) = if half { ("▐", "▌") } else { ("", "") };
    format!("{blank}{left}{}{right}{blank}", "█".repeat(2 * cells))
}

/// `227 → 55 → 27 → …` with the names of the stages below where there is room; the selected one stands out.
pub fn chain(area: Rect, buf: &mut Buffer, theme: &Theme, stages: &[Stage], selected: usize) {
    if area.is_empty() {
        return;
    }
    let sides: Vec<String> = stages.iter().map(Stage::side).collect();
    let room = |text: &str, name: &str| line::width(text).max(line::width(name));
    let named: u16 = stages.iter().zip(&sides).map(|(stage, side)| room(side, stage.name) + 3).sum();
    let plain: u16 = sides.iter().map(|side| line::width(side) + 3).sum();
    let with_names = area.height > 1 && named <= area.width + 3;
    let arrow = if with_names || plain <= area.width + 3 { ARROW } else { "→" };
    let mut x = area.x;
    for (i, (stage, side)) in stages.iter().zip(&sides).enumerate() {
        let style = if i == selected { theme.selected } else { theme.text };
        let width = if with_names { room(side, stage.name) } else { line::width(side) };
        if x + width > area.right() {
            buf.set_stringn(x.saturating_sub(1).max(area.x), area.y, "…", 1, theme.dim);
            return;
        }
        buf.set_string(x, area.y, side, style);
        if with_names {
            buf.set_string(x, area.y + 1, stage.name, Style { bg: None, ..theme.dim });
        }
        x += width;
        if i + 1 < stages.len() {
            let arrow_room = usize::from(area.right().saturating_sub(x));
            buf.set_stringn(x, area.y, arrow, arrow_room, theme.dim);
            x += line::width(arrow);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_funnel_is_widest_at_the_largest_side_and_never_nothing() {
        let widths: Vec<String> = [227, 55, 27, 13, 6, 1].map(|side| about_the_middle(side, 227)).into();
        assert_eq!(widths, ["██████████", " ▐██████▌ ", "  ██████  ", "  ▐████▌  ", "   ████   ", "    ▐▌    "]);
    }
}
