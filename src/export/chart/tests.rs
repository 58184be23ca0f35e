use super::*;
use crate::chart::{Across, ChartView, Detail, Entrant, Metric, Spread, chart, comparison};
use crate::knobs::Knob;
use crate::session::{Change, Evaluation, Event, Session, Split, Stamped, StepStats};

/// A run of 600 steps whose loss falls, with a spike, changes and evaluations.
fn run() -> Session {
    let mut session = Session::default();
    let mut apply = |event: Event, step: u64| session.apply(Stamped { event, time: step as f64 });
    for step in 1..=600_u64 {
        let at = step as f64;
        let loss =
            0.6 + 1.7 * (-at / 180.0).exp() + 0.12 * (at * 1.7).sin() * (at * 0.31).cos() + if step == 300 { 1.5 } else { 0.0 };
        let stats = StepStats {
            step,
            epoch: at / 250.0,
            loss,
            accuracy: 1.0 - loss / 2.5,
            learning_rate: 0.01,
            images_per_second: 40.0,
            merged: None,
        };
        apply(Event::Step(stats), step);
        if step % 100 == 0 {
            let evaluation =
                Evaluation { step, epoch: at / 250.0, split: Split::Test, loss: loss + 0.1, accuracy: 0.5, examples: 500 };
            apply(Event::Evaluated(evaluation), step);
        }
        if step == 200 || step == 210 {
            let change = Change { step, knob: Knob::Lrn, from: "on".into(), to: "off".into() };
            apply(Event::Changed(change), step);
        }
    }
    session
}

fn model(session: &Session) -> ChartModel {
    let view = ChartView { cursor: Some(250), ..ChartView::default() };
    chart(session, Metric::Loss, &view, Detail { columns: 300, x_ticks: 8, y_ticks: 6, rows: 0 })
}

#[test]
fn an_svg_has_every_word_of_the_chart() {
    let session = run();
    let model = model(&session);
    let svg = svg(&model, Ground::LIGHT).unwrap();
    let texts = svg.lines().filter(|line| !line.starts_with('<')).collect::<Vec<_>>().join("\n");
    for word in ["Loss", "train", "test", "lrn off", "step 250"] {
        assert!(texts.contains(word), "{word} is missing in {texts}");
    }
    for tick in model.x.ticks.iter().chain(&model.y.ticks) {
        assert!(texts.contains(&tick.label), "{tick:?} is missing in {texts}");
    }
}

#[test]
fn a_png_is_an_image_of_the_promised_size_and_not_blank() {
    let bytes = png(&model(&run()), Ground::DARK).unwrap();
    let image = image::load_from_memory(&bytes).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), (SIZE.0 * FINE, SIZE.1 * FINE));
    let background = Ground::DARK.background;
    let inked = image.pixels().filter(|pixel| pixel.0 != background).count();
    assert!(inked > 20_000, "{inked} pixels");
    // The training curve's own colour.
    assert!(image.pixels().any(|pixel| pixel.0 == Inks::on(Ground::DARK).curve(crate::chart::Role::Train)));
}

#[test]
fn a_band_over_another_lets_it_be_seen() {
    let detail = Detail { columns: 300, x_ticks: 8, y_ticks: 6, rows: 0 };
    // Two networks with two seeds each; the second's band lies across the first's.
    let runs = |low: f64, high: f64| vec![vec![(1.0, low), (2.0, low)], vec![(1.0, high), (2.0, high)]];
    let entrant = |name: &str, runs| Entrant { name: name.into(), runs, under_way: Vec::new() };
    let inside = |entrants: &[Entrant]| {
        let model = comparison(entrants, Metric::Accuracy, Across::Epoch, Spread::Range, detail);
        let image = image::load_from_memory(&png(&model, Ground::LIGHT).unwrap()).unwrap().to_rgb8();
        let (x, y) = (model.x.fraction(1.503), model.y.fraction(0.567));
        let (left, right, top, bottom) = (LEFT, f64::from(SIZE.0) - RIGHT, BARE_PLOT, f64::from(SIZE.1) - BOTTOM);
        let at = |from: f64, to: f64, share: f64| ((from + (to - from) * share) * f64::from(FINE)) as u32;
        image.get_pixel(at(left, right, x), at(bottom, top, y)).0
    };
    let (first, second) = (entrant("a", runs(0.3, 0.6)), entrant("b", runs(0.55, 0.9)));
    let both = inside(&[first.clone(), second.clone()]);
    assert_ne!(both, inside(&[entrant("a", runs(0.3, 0.4)), second]), "the first is seen through the second");
    assert_ne!(both, inside(&[first, entrant("b", runs(0.7, 0.9))]), "the second is there");
    assert_ne!(both, Ground::LIGHT.background);
}

#[test]
fn an_empty_run_has_a_chart_too() {
    let empty = chart(
        &Session::default(),
        Metric::Accuracy,
        &ChartView::default(),
        Detail { columns: 300, x_ticks: 8, y_ticks: 6, rows: 0 },
    );
    assert!(svg(&empty, Ground::LIGHT).unwrap().contains("Accuracy"));
    png(&empty, Ground::LIGHT).unwrap();
}

#[test]
fn a_file_is_written_whole_in_the_format_of_its_name_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(&run());
    save(&model, Ground::LIGHT, &folder.path().join("loss.svg")).unwrap();
    save(&model, Ground::LIGHT, &folder.path().join("loss.PNG")).unwrap();
    assert!(std::fs::read_to_string(folder.path().join("loss.svg")).unwrap().starts_with("<svg"));
    assert!(std::fs::read(folder.path().join("loss.PNG")).unwrap().starts_with(b"\x89PNG"));
    let error = save(&model, Ground::LIGHT, &folder.path().join("loss.gif")).unwrap_err().to_string();
    assert!(error.ends_with("loss.gif ends in neither .png nor .svg; name a file that does"), "{error}");
    assert!(save(&model, Ground::LIGHT, &folder.path().join("no/such/loss.svg")).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
