//! Chooses a command.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use alexscope::bench;
use alexscope::cli::{
    self, BenchArgs, Cli, CliCommand, DataCommand, EvaluateArgs, ExportArgs, ForkArgs, ModelsArgs, PredictArgs, ReplayArgs,
    ResumeArgs, RunsArgs, ShowArgs, TrainArgs, VerifyArgs, ViewArgs,
};
use alexscope::cockpit::Wanted;
use alexscope::run::{self, RunError, RunFolder};
use alexscope::spec::{table, zoo};
use alexscope::{
    cockpit, compare, exchange, fetch, gallery, headless, logging, rate_test, replay, report, start, trained, twins,
};
use clap::Parser;
use color_eyre::eyre::{Report, Result};

fn main() -> ExitCode {
    logging::panics();
    let cli = Cli::parse();
    let outcome = match &cli.command {
        None => train(&cli.train),
        Some(CliCommand::Train(arguments)) => train(arguments),
        Some(CliCommand::Resume(arguments)) => resume(arguments),
        Some(CliCommand::Fork(arguments)) => fork(arguments),
        Some(CliCommand::Compare(arguments)) => compare::compare(arguments),
        Some(CliCommand::Runs(arguments)) => runs(arguments),
        Some(CliCommand::View(arguments)) => view(arguments),
        Some(CliCommand::Replay(arguments)) => replay(arguments),
        Some(CliCommand::Verify(arguments)) => verify(arguments),
        Some(CliCommand::RateTest(arguments)) => rate_test::run(arguments).and_then(|words| print(&words)),
        Some(CliCommand::Twins(arguments)) => twins::run(arguments),
        Some(CliCommand::Report(arguments)) => {
            report::report(&arguments.runs, arguments.out.as_deref()).and_then(|folder| print(&written(&folder)))
        }
        Some(CliCommand::Predict(arguments)) => predict(arguments),
        Some(CliCommand::Evaluate(arguments)) => evaluate(arguments),
        Some(CliCommand::Export(arguments)) => export(arguments),
        Some(CliCommand::Models(arguments)) => models(arguments),
        Some(CliCommand::Bench(arguments)) => measure(arguments),
        Some(CliCommand::Data(arguments)) => match &arguments.command {
            DataCommand::Fetch { from, data } => fetch::run(from.as_deref(), data),
        },
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // Where standard error is gone too there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {}", in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes in one line; a cause that the line already gives is not said twice.
fn in_words(error: &Report) -> String {
    if let Some(RunError::Missing(folder)) = error.downcast_ref()
        && compare::is_in(folder)
    {
        let folder = folder.display();
        return format!(
            "{folder} is a comparison and no run: `alexscope view {folder}` shows it, `compare --run-dir {folder}` goes on with it"
        );
    }
    error.chain().map(ToString::to_string).fold(String::new(), |line, cause| match line {
        line if line.is_empty() => cause,
        line if line.contains(&cause) => line,
        line => format!("{line}: {cause}"),
    })
}

/// For other programs, or as pictures.
fn export(arguments: &ExportArgs) -> Result<u8> {
    let written = if arguments.to.is_empty() { gallery::export(arguments)? } else { exchange::export(arguments)? };
    print(&lines(&written))
}

/// Paths, a line each.
fn lines(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n")
}

fn written(folder: &Path) -> String {
    format!("{} and report.md", folder.join("report.html").display())
}

fn train(arguments: &TrainArgs) -> Result<u8> {
    if without_screen(&arguments.show) {
        headless::train(|| start::plan(arguments, None, true), arguments.show.json)
    } else {
        let plan = |wanted: &Wanted| match wanted {
            Wanted::First => start::plan(arguments, None, false),
            Wanted::Anew(settings) => start::plan(arguments, Some(settings), false),
            Wanted::Edited(model, settings) => start::edited(&arguments.network, model, settings),
            Wanted::Fork(parent) => start::branch(parent, arguments.network.pictures.data.as_deref(), arguments.network.compute),
        };
        cockpit::open(plan, &arguments.show)
    }
}

fn resume(arguments: &ResumeArgs) -> Result<u8> {
    if without_screen(&arguments.show) {
        return headless::train(|| start::resume(arguments, true), arguments.show.json);
    }
    let plan = |wanted: &Wanted| match wanted {
        Wanted::First => start::resume(arguments, false),
        Wanted::Anew(settings) => start::anew(arguments, None, settings),
        Wanted::Edited(model, settings) => start::anew(arguments, Some(model), settings),
        Wanted::Fork(parent) => start::branch(parent, arguments.moved.data.as_deref(), arguments.compute),
    };
    cockpit::open(plan, &arguments.show)
}

fn fork(arguments: &ForkArgs) -> Result<u8> {
    let folder = start::fork(arguments)?.path().display().to_string();
    print(&format!("{folder}: go on there with `alexscope resume {folder}`"))
}

fn runs(arguments: &RunsArgs) -> Result<u8> {
    // A person's first word may be this one.
    let first = arguments.runs == Path::new(cli::RUNS) && !arguments.runs.exists();
    let runs = if first { Vec::new() } else { run::list_runs(&arguments.runs, SystemTime::now())? };
    if runs.is_empty() && !arguments.json {
        return print(&format!("no run is in {}; `alexscope train` begins one", arguments.runs.display()));
    }
    print(&if arguments.json { serde_json::to_string_pretty(&runs)? } else { run::listing_text(&runs).trim_end().to_string() })
}

/// The records of runs, or of a comparison.
fn view(arguments: &ViewArgs) -> Result<u8> {
    match &arguments.runs[..] {
        [folder] if compare::is_in(folder) => compare::view(folder, arguments.look),
        runs => cockpit::view(runs, arguments.look),
    }
}

/// Status 1 where the losses are not those of the record.
fn replay(arguments: &ReplayArgs) -> Result<u8> {
    let replay = replay::run(arguments)?;
    print(&if arguments.json { serde_json::to_string(&replay)? } else { replay.text() })?;
    Ok(u8::from(replay.difference.is_some()))
}

/// Status 1 where something is wrong.
fn verify(arguments: &VerifyArgs) -> Result<u8> {
    let verified = run::verify(&RunFolder::find(arguments.run.as_deref())?);
    print(&if arguments.json { serde_json::to_string(&verified)? } else { verified.text() })?;
    Ok(u8::from(!verified.faults.is_empty()))
}

/// The five likeliest classes of each picture.
fn predict(arguments: &PredictArgs) -> Result<u8> {
    let predictions = trained::predict(&arguments.trained, &arguments.images)?;
    print(&if arguments.json { serde_json::to_string(&predictions)? } else { trained::in_words(&predictions) })
}

fn evaluate(arguments: &EvaluateArgs) -> Result<u8> {
    let evaluated = trained::evaluate(&arguments.trained)?;
    print(&if arguments.json { serde_json::to_string(&evaluated)? } else { evaluated.text() })
}

/// Where that is wanted, or standard output is no terminal.
fn without_screen(show: &ShowArgs) -> bool {
    show.headless || show.json || !io::stdout().is_terminal()
}

/// Lists the networks, or shows one, as text or as JSON.
fn models(arguments: &ModelsArgs) -> Result<u8> {
    let text = match &arguments.model {
        None if arguments.json => serde_json::to_string_pretty(&table::list_json())?,
        None => table::list(),
        Some(name) => {
            let model = zoo::load(name)?;
            let trace = model.trace()?;
            if arguments.json {
                serde_json::to_string_pretty(&table::json(&model, &trace))?
            } else {
                table::text(&model, &trace, TABLE_WIDTH)
            }
        }
    };
    print(text.trim_end())
}

/// Measures a training step and prints what it found.
fn measure(arguments: &BenchArgs) -> Result<u8> {
    let report = bench::measure(arguments)?;
    print(&if arguments.json { serde_json::to_string(&report)? } else { report.text() })
}

/// Prints to standard output; whoever reads it may stop early.
fn print(text: &str) -> Result<u8> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(0),
    }
}

/// Columns of a table of layers.
const TABLE_WIDTH: usize = 120;
