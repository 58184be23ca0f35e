//! `alexscope export RUN --to …`.

use std::fs;
use std::path::{Path, PathBuf};

use color_eyre::eyre::Result;

use super::{ExchangeError, csv, onnx, tensorboard::EventWriter};
use crate::cli::{ExportArgs, Format};
use crate::run::{RunFolder, encode_arrays, read_events};
use crate::session::{Event, RunHeader, course};
use crate::{trained, whole_file};

/// The folder that exports are put into, within the run's.
const FOLDER: &str = "export";

/// Writes the run in every format asked for; returns what was written.
pub fn export(arguments: &ExportArgs) -> Result<Vec<PathBuf>> {
    let run = RunFolder::find(arguments.run.as_deref())?;
    let header = run.header()?;
    trained::named(&run, &header, &arguments.weights)?;
    let out = arguments.out.clone().unwrap_or_else(|| run.path().join(FOLDER));
    fs::create_dir_all(&out).map_err(ExchangeError::writing(&out))?;
    let mut written = Vec::new();
    for format in &arguments.to {
        match format {
            Format::Csv => written.append(&mut csv::write(&out, &course(read_events(&run.events_path())?))?),
            Format::Tensorboard => written.push(tensorboard(&run, &header, &out)?),
            Format::Safetensors => {
                let saved = trained::saved(&run, &header, &arguments.weights)?;
                written.push(write(&out, &format!("{}.safetensors", header.model.name), &encode_arrays(&saved.parameters)?)?);
            }
            Format::Onnx => {
                let saved = trained::saved(&run, &header, &arguments.weights)?;
                let model = header.model.as_steered(&saved.state.moment.settings);
                written.push(write(&out, &format!("{}.onnx", header.model.name), &onnx::model(&model, &saved.parameters)?)?);
            }
        }
    }
    Ok(written)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = folder.join(name);
    whole_file::write(&path, bytes).map_err(ExchangeError::writing(&path))?;
    Ok(path)
}

fn tensorboard(run: &RunFolder, header: &RunHeader, out: &Path) -> Result<PathBuf> {
    let mut writer = EventWriter::create(&out.join("tensorboard"), header, Some(run.checkpoints()))?;
    let events = read_events(&run.events_path())?;
    let saved: Vec<_> = events.iter().filter(|stamped| matches!(stamped.event, Event::Saved { .. })).cloned().collect();
    let mut shown = course(events);
    shown.extend(saved);
    shown.sort_by(|a, b| a.time.total_cmp(&b.time));
    shown.iter().try_for_each(|stamped| writer.event(stamped))?;
    writer.flush()?;
    Ok(writer.path().to_path_buf())
}
