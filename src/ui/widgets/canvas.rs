//! Dots finer than cells: a raster of braille patterns, two dots wide and four high in each cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Dots to a cell.
pub const DOTS_WIDE: usize = 2;
pub const DOTS_HIGH: usize = 4;

/// Bits of a braille pattern by column and row (Unicode, block 2800).
const BITS: [[u8; DOTS_HIGH]; DOTS_WIDE] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A cell shows the dots of one layer only, since it has one colour: the highest that drew into it.
pub struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<(u8, u8)>,
    styles: Vec<Style>,
}

impl Canvas {
    /// For so many cells. `styles` are the layers, lowest first.
    pub fn new(width: u16, height: u16, styles: Vec<Style>) -> Canvas {
        let (width, height) = (usize::from(width), usize::from(height));
        Canvas { width, height, cells: vec![(0, 0); width * height], styles }
    }

    /// Sets a dot; (0, 0) is top left. Dots outside are left out.
    pub fn dot(&mut self, x: i64, y: i64, layer: u8) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        let (column, row) = (x / DOTS_WIDE, y / DOTS_HIGH);
        if column >= self.width || row >= self.height {
            return;
        }
        let (bits, owner) = &mut self.cells[row * self.width + column];
        if *bits == 0 || layer > *owner {
            (*bits, *owner) = (0, layer);
        }
        if layer == *owner {
            *bits |= BITS[x % DOTS_WIDE][y % DOTS_HIGH];
        }
    }

    /// A straight line of dots without holes.
    pub fn line(&mut self, from: (i64, i64), to: (i64, i64), layer: u8) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.abs().max(dy.abs()).max(1);
        for i in 0..=length {
            let at = |start: i64, way: i64| start + (2 * way * i + length).div_euclid(2 * length);
            self.dot(at(from.0, dx), at(from.1, dy), layer);
        }
    }

    /// Writes the patterns into the buffer's cells; cells without dots stay as they are.
    pub fn render(&self, area: Rect, buf: &mut Buffer) {
        for (i, (bits, layer)) in self.cells.iter().enumerate().filter(|(_, (bits, _))| *bits != 0) {
            let at = (area.x + (i % self.width) as u16, area.y + (i / self.width) as u16);
            if let (Some(cell), Some(pattern)) = (buf.cell_mut(at), char::from_u32(0x2800 + u32::from(*bits))) {
                cell.set_char(pattern).set_style(self.styles.get(usize::from(*layer)).copied().unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: u16, height: u16, draw: impl Fn(&mut Canvas)) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut canvas = Canvas::new(width, height, vec![Style::new(), Style::new()]);
        draw(&mut canvas);
        let mut buf = Buffer::empty(area);
        canvas.render(area, &mut buf);
        let row = |y: u16| (0..width).map(|x| buf[(x, y)].symbol()).collect();
        (0..height).map(row).collect()
    }

    #[test]
    fn a_diagonal_has_no_holes() {
        assert_eq!(drawn(4, 2, |canvas| canvas.line((0, 7), (7, 0), 0)), ["  ⡠⠊", "⡠⠊  "]);
    }

    #[test]
    fn the_higher_layer_has_the_cell() {
        let lower_last = drawn(1, 1, |canvas| {
            canvas.dot(0, 0, 1);
            canvas.dot(1, 3, 0);
        });
        assert_eq!(lower_last, ["⠁"]);
    }

    #[test]
    fn dots_outside_are_left_out() {
        assert_eq!(drawn(2, 1, |canvas| canvas.line((-5, -5), (50, 50), 0)).len(), 1);
    }
}
