//! A picture as people see it, at another size.

use super::colour::Dot;

/// `pixels` holds three square planes, red, green and blue; the mean of those under each of `side` × `side` dots, or the
/// nearest where dots are finer.
pub fn photograph(pixels: &[u8], side: usize) -> Vec<Dot> {
    let plane = pixels.len() / 3;
    let width = plane.isqrt();
    if width == 0 {
        return Vec::new();
    }
    let under = |at: usize| {
        let first = at * width / side;
        first..((at + 1) * width / side).max(first + 1)
    };
    let dot = |at: usize| {
        let (rows, columns) = (under(at / side), under(at % side));
        let mean = |channel: usize| {
            let of_row = |row: usize| &pixels[channel * plane + row * width..][columns.clone()];
            let sum: usize = rows.clone().flat_map(of_row).map(|value| usize::from(*value)).sum();
            (sum / (rows.len() * columns.len())) as u8
        };
        Dot::of_colour([mean(0), mean(1), mean(2)])
    };
    (0..side * side).map(dot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_size_is_the_mean_of_four_and_twice_the_size_repeats() {
        let mut pixels = vec![0; 12];
        pixels[..4].copy_from_slice(&[10, 20, 30, 40]);
        assert_eq!(photograph(&pixels, 1)[0].colour, [25, 0, 0]);
        let red: Vec<u8> = photograph(&pixels, 4)[..4].iter().map(|dot| dot.colour[0]).collect();
        assert_eq!(red, [10, 10, 20, 20]);
        assert!(photograph(&[], 4).is_empty());
    }
}
