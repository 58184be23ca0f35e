//! How a window slides along one axis of a picture: the arithmetic that convolution, pooling and [`super::trace`] share.

use super::Padding;

/// How many windows there are, and what happens at the borders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Convolution with equal zeros on each side: ⌊(in − kernel + 2·pad)/stride⌋ + 1.
    Padded,
    /// TensorFlow's SAME: ⌈in/stride⌉.
    Same,
    /// Pooling over windows that lie inside: ⌊(in − kernel)/stride⌋ + 1.
    Inside,
    /// Pooling in ceil mode, windows clipped at the far border: ⌈(in − kernel)/stride⌉ + 1.
    Clipped,
}

/// `output` windows of `kernel` pixels, `stride` apart, over `input` pixels with zeros `before` and `after` them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    pub input: usize,
    pub kernel: usize,
    pub stride: usize,
    pub before: usize,
    pub after: usize,
    pub output: usize,
    rule: Rule,
}

impl Axis {
    /// The windows of a convolution; `None` where not even one fits, where kernel or stride is 0, and past `usize`.
    pub fn convolution(input: usize, kernel: usize, stride: usize, padding: Padding) -> Option<Axis> {
        if input == 0 || kernel == 0 || stride == 0 {
            return None;
        }
        let (output, before, after, rule) = match padding {
            Padding::Each(pad) => {
                let room = pad.checked_mul(2)?.checked_add(input)?.checked_sub(kernel)?;
                (room / stride + 1, pad, pad, Rule::Padded)
            }
            Padding::Same => {
                let output = input.div_ceil(stride);
                let covered = (output - 1).checked_mul(stride)?.checked_add(kernel)?;
                let zeros = covered.saturating_sub(input);
                (output, zeros / 2, zeros - zeros / 2, Rule::Same)
            }
        };
        Some(Axis { input, kernel, stride, before, after, output, rule })
    }

    /// The windows of a pooling layer. With `ceil` the last window may reach over the far border and is clipped there, but
    /// each starts inside; without it, `None` where the kernel is larger than the input.
    pub fn pooling(input: usize, kernel: usize, stride: usize, ceil: bool) -> Option<Axis> {
        if input == 0 || kernel == 0 || stride == 0 {
            return None;
        }
        let output = if ceil {
            let windows = input.saturating_sub(kernel).div_ceil(stride) + 1;
            windows.min(input.div_ceil(stride))
        } else {
            input.checked_sub(kernel)? / stride + 1
        };
        let rule = if ceil { Rule::Clipped } else { Rule::Inside };
        Some(Axis { input, kernel, stride, before: 0, after: 0, output, rule })
    }

    /// `⌊(227 − 11 + 2·0)/4⌋ + 1 = 55`: the rule with this axis' numbers.
    pub fn formula(&self) -> String {
        let Axis { input, kernel, stride, before, output, .. } = self;
        match self.rule {
            Rule::Padded => format!("⌊({input} − {kernel} + 2·{before})/{stride}⌋ + 1 = {output}"),
            Rule::Same => format!("⌈{input}/{stride}⌉ = {output}"),
            Rule::Inside => format!("⌊({input} − {kernel})/{stride}⌋ + 1 = {output}"),
            Rule::Clipped if kernel > input => format!("⌈max({input} − {kernel}, 0)/{stride}⌉ + 1 = {output}"),
            // A stride wider than the kernel can jump over the border: what starts outside is no window.
            Rule::Clipped if (input - kernel).div_ceil(*stride) + 1 > *output => format!("⌈{input}/{stride}⌉ = {output}"),
            Rule::Clipped => format!("⌈({input} − {kernel})/{stride}⌉ + 1 = {output}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts the places of a window one by one.
    fn count(extent: usize, kernel: usize, stride: usize, fits: impl Fn(usize, usize) -> bool) -> usize {
        (0..extent).step_by(stride).filter(|start| fits(*start, start + kernel)).count()
    }

    proptest! {
        #[test]
        fn a_convolution_has_as_many_outputs_as_windows_fit(input in 1usize..80, kernel in 1usize..14, stride in 1usize..6, pad in 0usize..6) {
            let padded = input + 2 * pad;
            let windows = count(padded, kernel, stride, |_, end| end <= padded);
            let axis = Axis::convolution(input, kernel, stride, Padding::Each(pad));
            prop_assert_eq!(axis.map_or(0, |axis| axis.output), windows);
        }

        #[test]
        fn a_floor_pool_has_as_many_outputs_as_windows_fit(input in 1usize..80, kernel in 1usize..14, stride in 1usize..6) {
            let windows = count(input, kernel, stride, |_, end| end <= input);
            prop_assert_eq!(Axis::pooling(input, kernel, stride, false).map_or(0, |axis| axis.output), windows);
        }

        #[test]
        fn a_ceil_pool_sees_every_pixel_that_its_stride_does_not_skip(input in 1usize..80, kernel in 1usize..14, stride in 1usize..6) {
            let axis = Axis::pooling(input, kernel, stride, true).unwrap();
            let last_start = (axis.output - 1) * stride;
            prop_assert!(last_start < input, "every window starts inside");
            if kernel >= stride {
                prop_assert!(last_start + kernel >= input, "the last window reaches the border");
                prop_assert!(axis.output == 1 || last_start + kernel < input + stride, "and no window is one too many");
            }
        }

        #[test]
        fn same_padding_covers_the_input_with_the_odd_zero_at_the_end(input in 1usize..80, kernel in 1usize..14, stride in 1usize..6) {
            let axis = Axis::convolution(input, kernel, stride, Padding::Same).unwrap();
            prop_assert_eq!(axis.output, count(input, 0, stride, |_, _| true));
            prop_assert!(axis.after == axis.before || axis.after == axis.before + 1);
            if axis.before + axis.after > 0 {
                prop_assert_eq!((axis.output - 1) * stride + kernel, axis.before + input + axis.after);
            }
        }
    }

    #[test]
    fn formulas_read_as_the_arithmetic_that_was_done() {
        let convolution = |input, kernel, stride, padding| Axis::convolution(input, kernel, stride, padding).unwrap().formula();
        let pooling = |input, kernel, stride, ceil| Axis::pooling(input, kernel, stride, ceil).unwrap().formula();
        assert_eq!(convolution(227, 11, 4, Padding::Each(0)), "⌊(227 − 11 + 2·0)/4⌋ + 1 = 55");
        assert_eq!(convolution(224, 11, 4, Padding::Same), "⌈224/4⌉ = 56");
        assert_eq!(pooling(55, 3, 2, false), "⌊(55 − 3)/2⌋ + 1 = 27");
        assert_eq!(pooling(6, 3, 2, true), "⌈(6 − 3)/2⌉ + 1 = 3");
        assert_eq!(pooling(1, 3, 2, true), "⌈max(1 − 3, 0)/2⌉ + 1 = 1");
        assert_eq!(pooling(4, 1, 4, true), "⌈4/4⌉ = 1");
    }

    #[test]
    fn numbers_past_the_machine_are_no_window_rather_than_a_panic() {
        assert_eq!(Axis::convolution(227, 11, 4, Padding::Each(usize::MAX)), None);
        assert_eq!(Axis::convolution(2, usize::MAX, 1, Padding::Same), None);
        assert_eq!(Axis::convolution(227, 11, 0, Padding::Same), None);
        assert_eq!(Axis::pooling(227, 0, 1, true), None);
    }
}
