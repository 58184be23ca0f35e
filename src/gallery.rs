//! Pictures of a run's network and record, written to files without a screen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};

use crate::chart::{ChartView, Detail, Metric, chart};
use crate::cli::{ExportArgs, ExportChoice};
use crate::cockpit::record;
use crate::engine::{Onward, Standing, Viewer};
use crate::export::{self, Ground};
use crate::mosaic::{self, Bitmap, ColourMap, Extent, Scale, Tiles};
use crate::probe::{LayerProbe, LayerSight, Picture, Probe, Sight};
use crate::run::RunFolder;
use crate::session::{Confusion, Session};
use crate::spec::{LayerSpec, ModelSpec};
use crate::start::Purpose;
use crate::trained::{self, Trained};

/// Columns and ticks of a chart.
const CHART: Detail = Detail { columns: 1200, x_ticks: 10, y_ticks: 8, rows: 0 };
const ENDINGS: [&str; 2] = ["png", "svg"];

/// Writes what was asked for into the run's folder, or another one; returns the files.
pub fn export(arguments: &ExportArgs) -> Result<Vec<PathBuf>> {
    let folder = RunFolder::find(arguments.run.as_deref())?;
    trained::named(&folder, &folder.header()?, &arguments.weights)?;
    let out = arguments.out.clone().unwrap_or_else(|| folder.path().join("pictures"));
    std::fs::create_dir_all(&out).map_err(|error| eyre!("{}: cannot be made ({error})", out.display()))?;
    let mut written = Vec::new();
    let (header, events) = record(folder.path())?;
    let mut session = Session::default();
    events.into_iter().for_each(|stamped| session.apply(stamped));
    if arguments.what.contains(&ExportChoice::Charts) {
        written.extend(charts(&session, &out)?);
    }
    let tensors = arguments.what.iter().any(|what| matches!(what, ExportChoice::Kernels | ExportChoice::Maps));
    let newest = !arguments.weights.best && arguments.weights.checkpoint.is_none();
    let tested = session.confusion.clone().filter(|_| newest);
    if tensors || (arguments.what.contains(&ExportChoice::Confusion) && tested.is_none()) {
        written.extend(trained::with_threads(arguments.weights.compute.threads, || {
            from_network(arguments, &out, tested.is_none())
        })?);
    }
    if let (true, Some(confusion)) = (arguments.what.contains(&ExportChoice::Confusion), tested) {
        written.extend(matrix(&confusion, &header.data.classes, &out)?);
    }
    Ok(written)
}

/// A file for each ending.
fn both(out: &Path, name: &str, save: impl Fn(&Path) -> export::Result<()>) -> Result<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = ENDINGS.iter().map(|ending| out.join(format!("{name}.{ending}"))).collect();
    paths.iter().try_for_each(|path| save(path))?;
    Ok(paths)
}

fn charts(session: &Session, out: &Path) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for metric in [Metric::Loss, Metric::Accuracy, Metric::LearningRate] {
        let model = chart(session, metric, &ChartView::default(), CHART);
        let name = metric.title().to_lowercase().replace(' ', "-");
        written.extend(both(out, &name, |path| export::chart::save(&model, Ground::LIGHT, path))?);
    }
    Ok(written)
}

fn matrix(confusion: &Confusion, classes: &[String], out: &Path) -> Result<Vec<PathBuf>> {
    both(out, "confusion", |path| export::matrix::save(confusion, classes, Ground::LIGHT, path))
}

/// What needs the weights.
fn from_network(arguments: &ExportArgs, out: &Path, test: bool) -> Result<Vec<PathBuf>> {
    let test = test && arguments.what.contains(&ExportChoice::Confusion);
    let purpose = if test { Purpose::Testing } else { Purpose::Looking };
    let Trained { header, state, mut prepared, .. } = trained::open(arguments.run.as_deref(), &arguments.weights, purpose)?;
    let settings = Arc::new(state.moment.settings);
    let standing = Standing { step: state.moment.step, settings: settings.clone(), taken: None };
    let mut written = Vec::new();
    if test {
        let tested = prepared.learner.evaluate(prepared.pictures.test, &settings, &mut Onward)?;
        let confusion = tested.and_then(|tested| tested.confusion).unwrap_or_default();
        written.extend(matrix(&Confusion { step: standing.step, ..confusion }, &header.data.classes, out)?);
    }
    let mut viewer = prepared.learner.viewer()?;
    for (place, layer) in header.model.layers.iter().enumerate() {
        let sight = look(&mut *viewer, place, arguments.picture, &standing)?;
        if arguments.what.contains(&ExportChoice::Maps) && sight.output.shape.len() == 3 {
            let bitmap = bitmap(&Tiles::of_maps(&sight.output));
            written.extend(both(out, &format!("maps-{}", layer.name), |path| export::mosaic::save(&bitmap, path))?);
        }
        if arguments.what.contains(&ExportChoice::Kernels)
            && let Some(tiles) = kernels(&header.model, place, &sight)
        {
            let bitmap = bitmap(&tiles);
            written.extend(both(out, &format!("kernels-{}", layer.name), |path| export::mosaic::save(&bitmap, path))?);
        }
    }
    Ok(written)
}

fn look(viewer: &mut dyn Viewer, layer: usize, picture: usize, standing: &Standing) -> Result<LayerSight> {
    let probe = LayerProbe { layer, picture: Picture::Test(picture), training: false, unit: 0 };
    match viewer.look(&Probe::Layer(probe), standing)? {
        Sight::Layer(sight) => Ok(*sight),
        Sight::Pictures(_) => Err(eyre!("the network showed predictions where a layer was asked for")),
    }
}

/// All kernels of a convolution that has few, else those of its first output channel.
fn kernels(model: &ModelSpec, place: usize, sight: &LayerSight) -> Option<Tiles> {
    let weights = sight.weights.as_ref().filter(|_| matches!(model.layers[place].what, LayerSpec::Conv2d { .. }))?;
    Some(Tiles::of_weights(weights, &weights.values, None))
}

fn bitmap(tiles: &Tiles) -> Bitmap {
    Bitmap::mosaic(tiles, Scale::Layer, Extent::default(), ColourMap::Viridis, mosaic::Ground::Light)
}
