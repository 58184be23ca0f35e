//! `alexscope report`: runs and comparisons as a page that can be sent, printed and kept.

mod comparison;
mod page;
mod run;

use std::fs;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, bail};

pub use page::{Page, Part, Section};

use crate::chart::{ChartModel, Companion};
use crate::compare::{self, FILE, Plan};
use crate::export::{self, Ground};
use crate::run::{RunFolder, read_events};
use crate::session::Session;
use crate::whole_file;

/// The folder that a report is put into, within that of the first run.
const FOLDER: &str = "report";

/// Writes `report.html`, `report.md` and the charts as SVG and PNG; returns their folder.
pub fn report(paths: &[PathBuf], out: Option<&Path>) -> Result<PathBuf> {
    let Some(first) = paths.first() else { bail!("name a run's folder, or a comparison's") };
    let page = page(paths)?;
    let folder = out.map_or_else(|| first.join(FOLDER), Path::to_path_buf);
    fs::create_dir_all(&folder).wrap_err_with(|| format!("cannot make the folder {}", folder.display()))?;
    for (name, model) in page.charts() {
        save_chart(model, &folder, name)?;
    }
    for (name, text) in [("report.md", page.markdown()), ("report.html", page.html()?)] {
        let path = folder.join(name);
        whole_file::write(&path, text.as_bytes()).wrap_err_with(|| format!("cannot write {}", path.display()))?;
    }
    Ok(folder)
}

/// A chart as `NAME.svg` and `NAME.png`.
pub fn save_chart(model: &ChartModel, folder: &Path, name: &str) -> Result<()> {
    for ending in ["svg", "png"] {
        export::chart::save(model, Ground::LIGHT, &folder.join(format!("{name}.{ending}")))?;
    }
    Ok(())
}

fn page(paths: &[PathBuf]) -> Result<Page> {
    let (mut titles, mut leads, mut sections, mut runs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let name = path.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned());
        let mut of_path = match Plan::read(path)? {
            Some(plan) => {
                let labels: Vec<String> = plan.contenders.iter().map(|contender| contender.label.clone()).collect();
                titles.push(labels.join(", "));
                leads.push(format!("A comparison, {}.", plan.budget()));
                let command = format!("alexscope compare --run-dir {}    # {FILE} in it holds the plan", path.display());
                comparison::sections(&plan, &compare::read(&plan, path)?, &name, &command)
            }
            None => {
                let folder = RunFolder::find(Some(path))?;
                let (header, session) = (folder.header()?, fold(&folder)?);
                titles.push(format!("{} on {}", header.model.name, header.data.name));
                leads.push(format!("The run {name}, {:.2} epochs.", session.epoch()));
                let sections = run::sections(&session, &header, &name);
                runs.push(Companion { name: name.clone(), session });
                sections
            }
        };
        if paths.len() > 1 {
            of_path.iter_mut().for_each(|section| section.title = format!("{name}: {}", section.title));
        }
        sections.append(&mut of_path);
    }
    if runs.len() > 1 {
        sections.insert(0, run::together(&runs));
    }
    Ok(Page { title: titles.join("; "), lead: leads.join(" "), sections })
}

/// The run as its record tells it.
fn fold(folder: &RunFolder) -> Result<Session> {
    let mut session = Session::default();
    read_events(&folder.events_path())?.into_iter().for_each(|event| session.apply(event));
    Ok(session)
}
