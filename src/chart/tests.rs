//! What a chart must show of a run, whatever its length, its window and the room there is.

use proptest::prelude::*;

use super::*;
use crate::session::{Evaluation, Event, Session, Split, Stamped, StepStats};

const DETAIL: Detail = Detail { columns: 92, x_ticks: 5, y_ticks: 5, rows: 9 };

fn session(losses: impl IntoIterator<Item = f64>) -> Session {
    let mut session = Session::default();
    for (step, loss) in (1..).zip(losses) {
        let stats = StepStats {
            step,
            epoch: step as f64 / 100.0,
            loss,
            accuracy: 0.1,
            learning_rate: 0.01,
            images_per_second: 100.0,
            merged: None,
        };
        session.apply(Stamped { event: Event::Step(stats), time: step as f64 });
    }
    session
}

fn evaluate(session: &mut Session, step: u64, loss: f64) {
    let evaluation =
        Evaluation { step, epoch: step as f64 / 100.0, split: Split::Test, loss, accuracy: 1.0 / loss, examples: 10 };
    session.apply(Stamped { event: Event::Evaluated(evaluation), time: 0.0 });
}

fn loss_chart(session: &Session, view: &ChartView) -> ChartModel {
    chart(session, Metric::Loss, view, DETAIL)
}

#[test]
fn the_legend_gives_the_learning_rate_of_the_newest_step_and_no_mean_of_many() {
    let mut session = session((0..4_000).map(|_| 1.0));
    let last = session.last_step.unwrap();
    let event = Event::Step(StepStats { step: 4_001, learning_rate: 0.25, ..last });
    session.apply(Stamped { event, time: 4_001.0 });
    let model = chart(&session, Metric::LearningRate, &ChartView::default(), DETAIL);
    assert_eq!(model.curves.iter().find(|curve| curve.role == Role::LearningRate).unwrap().latest, Some(0.25));
}

fn shape(model: &ChartModel, role: Role) -> &Shape {
    &model.curves.iter().find(|curve| curve.role == role).unwrap().shape
}

proptest! {
    #[test]
    fn the_newest_step_and_its_evaluation_are_in_view(last in 1_u64..5_000, columns in 20_usize..400, width in 10_u64..3_000, all in any::<bool>()) {
        let mut session = session((0..last).map(|_| 1.0));
        evaluate(&mut session, last, 0.5);
        let window = if all { Window::All } else { Window::Last(width) };
        let view = ChartView { window, ..ChartView::default() };
        let model = chart(&session, Metric::Loss, &view, Detail { columns, ..DETAIL });
        prop_assert!(model.x.min <= last as f64 && last as f64 <= model.x.max, "{}..{}", model.x.min, model.x.max);
        prop_assert!(model.markers.iter().any(|marker| marker.kind == MarkerKind::Best && marker.step == last));
    }

    #[test]
    fn the_highest_and_the_lowest_loss_are_in_a_column(losses in prop::collection::vec((100_u16..9_000).prop_map(|loss| f32::from(loss) / 1000.0), 200..3_000)) {
        let model = loss_chart(&session(losses.iter().map(|loss| f64::from(*loss))), &ChartView::default());
        let Shape::Band(bands) = shape(&model, Role::TrainRaw) else { panic!("single steps are a band here") };
        let highest = bands.iter().flatten().map(|band| band.max).fold(f64::MIN, f64::max);
        let lowest = bands.iter().flatten().map(|band| band.min).fold(f64::MAX, f64::min);
        prop_assert_eq!(highest, losses.iter().copied().map(f64::from).fold(f64::MIN, f64::max));
        prop_assert_eq!(lowest, losses.iter().copied().map(f64::from).fold(f64::MAX, f64::min));
    }
}

#[test]
fn one_value_that_is_no_number_spoils_neither_the_axis_nor_the_line() {
    let model = loss_chart(&session((0..500).map(|i| if i == 250 { f64::NAN } else { 1.0 })), &ChartView::default());
    assert!(model.y.min.is_finite() && model.y.max.is_finite() && model.y.max < 2.0, "{:?}", model.y);
    let Shape::Line(points) = shape(&model, Role::Train) else { panic!("the smoothed loss is a line") };
    assert!(points.iter().flatten().all(|(_, value)| (value - 1.0).abs() < 1e-9));
}

#[test]
fn a_rare_spike_is_cut_off_and_named_and_shown_in_full_on_request() {
    let session = session((0..1_000).map(|i| if i == 300 { 70.0 } else { 1.0 }));
    let cut = loss_chart(&session, &ChartView::default());
    assert!(cut.y.max < 70.0 && cut.beyond == Some(70.0), "{:?} {:?}", cut.y, cut.beyond);
    let full = loss_chart(&session, &ChartView { outliers: true, ..ChartView::default() });
    assert!(full.y.max >= 70.0 && full.beyond.is_none());
}

#[test]
fn the_smoothed_line_is_the_same_however_far_one_zooms() {
    let session = session((0..4_000).map(|i| 2.0 + (f64::from(i) / 300.0).sin()));
    let at = |window: Window| {
        let view = ChartView { window, smoothing: 100, ..ChartView::default() };
        let model = loss_chart(&session, &view);
        let Shape::Line(points) = shape(&model, Role::Train) else { panic!("the smoothed loss is a line") };
        points.iter().flatten().rev().find(|(step, _)| *step <= 3_500.0).copied().unwrap()
    };
    let (far, near) = (at(Window::All), at(Window::Fixed { from: 3_300, to: 3_600 }));
    assert!((far.1 - near.1).abs() < 0.03, "{far:?} {near:?}");
}

#[test]
fn the_best_evaluation_stays_when_many_share_a_column() {
    let mut session = session((0..3_000).map(|_| 1.0));
    for step in 1..=3_000 {
        evaluate(&mut session, step, if step == 1_234 { 0.25 } else { 0.9 });
    }
    let model = loss_chart(&session, &ChartView::default());
    let Shape::Points(points) = shape(&model, Role::Test) else { panic!("evaluations are points") };
    assert!(points.contains(&(1_234.0, 0.25)) && points.len() <= 2 * (DETAIL.columns + 2), "{}", points.len());
    let best = model.markers.iter().find(|marker| marker.kind == MarkerKind::Best).unwrap();
    assert_eq!((best.step, best.label.as_str()), (1_234, "★ 0.250"));
}

#[test]
fn a_logarithmic_axis_has_its_ticks_at_powers_of_ten_and_accuracy_stays_linear() {
    let session = session((0..1_000).map(|i| 10_f64.powf(2.0 - f64::from(i) / 250.0)));
    let view = ChartView { log: true, outliers: true, ..ChartView::default() };
    let model = loss_chart(&session, &view);
    let labels: Vec<&str> = model.y.ticks.iter().map(|tick| tick.label.as_str()).collect();
    assert_eq!(labels, ["0.01", "0.1", "1", "10", "100"]);
    assert_eq!(chart(&session, Metric::Accuracy, &view, DETAIL).y.scale, Scale::Linear);
}

#[test]
fn a_longer_run_beside_this_one_widens_the_chart_and_has_a_line_of_its_own() {
    let here = session((0..100).map(|_| 2.0));
    let mut longer = session((0..400).map(|_| 1.0));
    evaluate(&mut longer, 400, 0.5);
    let companions = [Companion { name: "no LRN".into(), session: longer }];
    let model = chart_beside(&here, &companions, Metric::Loss, &ChartView::default(), DETAIL);
    assert!(model.x.max >= 400.0);
    let beside: Vec<&Curve> = model.curves.iter().filter(|curve| curve.role == Role::Beside(0)).collect();
    assert_eq!((beside[0].name.as_ref(), beside[0].latest), ("no LRN", Some(1.0)));
    assert!(matches!(&beside[1].shape, Shape::Points(points) if points == &[(400.0, 0.5)]));
    let newest = ChartView { window: Window::Last(50), ..ChartView::default() };
    assert_eq!(chart_beside(&here, &companions, Metric::Loss, &newest, DETAIL).x.max, 100.0, "a window follows this run");
}

#[test]
fn a_logarithmic_chart_with_no_step_in_view_is_drawn_like_any_other() {
    let window = Window::Fixed { from: 500, to: 600 };
    let view = ChartView { log: true, window, ..ChartView::default() };
    for metric in [Metric::Loss, Metric::Accuracy, Metric::LearningRate] {
        for session in [session([]), session([2.3, 2.2])] {
            let axis = chart(&session, metric, &view, DETAIL).y;
            assert!((1..=7).contains(&axis.ticks.len()), "{metric:?}: {axis:?}");
        }
    }
}
