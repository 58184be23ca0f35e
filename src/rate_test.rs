//! `alexscope rate-test`: which learning rate suits a network, found in some hundred steps on a copy of it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, eyre};

use crate::chart::{Detail, rates};
use crate::cli::RateTestArgs;
use crate::engine::{Flow, Gate, Point, Position, Sweep, rate_test};
use crate::export::{self, Ground};
use crate::knobs::number;
use crate::session::RateTest;
use crate::start;

/// How fine the picture is.
const DETAIL: Detail = Detail { columns: 1000, x_ticks: 8, y_ticks: 7, rows: 0 };
const ENDINGS: [&str; 2] = ["svg", "png"];
/// The test is told of every so many steps.
const TOLD_EVERY: usize = 10;

/// A gate that is always open.
struct Open;

impl Gate for Open {
    fn pass(&mut self, _: Point) -> Flow {
        Flow::Continue
    }
}

/// Sweeps, draws and suggests; returns what to print.
pub fn run(arguments: &RateTestArgs) -> Result<String> {
    if !(arguments.from > 0.0 && arguments.from < arguments.to && arguments.to.is_finite()) {
        return Err(eyre!("expected rates from low to high, not {} to {}", number(arguments.from), number(arguments.to)));
    }
    let bench = start::workbench(&arguments.network)?;
    let sweep = Sweep { from: arguments.from, to: arguments.to, steps: arguments.sweep };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(start::threads(arguments.network.compute.threads)).build()?;
    let test = pool.install(|| -> Result<RateTest> {
        let mut prepared = (bench.prepare)(&mut |_| {}).map_err(|reason| eyre!(reason))?;
        let (settings, pictures) = (&bench.settings, prepared.pictures);
        let learner = &mut *prepared.learner;
        let swept = rate_test(learner, sweep, Position::default(), settings, pictures, &mut Open, &mut tell)??;
        swept.ok_or_else(|| eyre!("the test was given up"))
    })?;
    let files = files(&arguments.out);
    files.iter().try_for_each(|file| export::chart::save(&rates(&test, DETAIL), Ground::LIGHT, file))?;
    Ok(in_words(&test, &files))
}

/// The chart's files; a person may name one of them.
fn files(out: &Path) -> [PathBuf; 2] {
    let ending = out.extension().is_some_and(|ending| ENDINGS.iter().any(|ours| ending.eq_ignore_ascii_case(ours)));
    let stem = if ending { out.with_extension("") } else { out.to_path_buf() };
    // Not `with_extension`, which takes what follows the point of `rates-0.1` for one.
    ENDINGS.map(|ending| {
        let mut name = stem.clone().into_os_string();
        name.push(format!(".{ending}"));
        name.into()
    })
}

fn tell(test: &RateTest) {
    if let Some(point) = test.points.last()
        && test.points.len().is_multiple_of(TOLD_EVERY)
    {
        // The test goes on though nobody reads this.
        let _ = writeln!(io::stderr(), "rate {:.2e}  loss {:.4}  smoothed {:.4}", point.rate, point.loss, point.smoothed);
    }
}

fn in_words(test: &RateTest, [svg, png]: &[PathBuf; 2]) -> String {
    let found = match test.suggested {
        Some(rate) => format!("suggested: --learning-rate {}", number(rate)),
        None => "the loss did not fall at any rate: sweep a wider range, or more steps".into(),
    };
    format!("{found}\nchart in {} and {}", svg.display(), png.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_lies_where_a_person_named_it_with_and_without_an_ending() {
        let named = |out: &str| files(Path::new(out)).map(|file| file.display().to_string());
        assert_eq!(named("rates-0.1"), ["rates-0.1.svg", "rates-0.1.png"]);
        assert_eq!(named("a/chart.SVG"), ["a/chart.svg", "a/chart.png"]);
        assert_eq!(named("chart.png"), ["chart.svg", "chart.png"]);
    }
}
