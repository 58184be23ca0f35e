//! A flag for every row of the knob table, and `--set`.

use clap::{Arg, ArgMatches, Command, Error, FromArgMatches, error::ErrorKind};

use crate::knobs::{Applies, Knob, KnobError, KnobSpec, Settings, TABLE};

/// Settings given on the command line, in the table's order, then those of `--set` in the order given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnobArgs {
    pub values: Vec<(Knob, f64)>,
}

impl KnobArgs {
    /// Lays the given values over `settings`. They were checked when they were read.
    pub fn apply(&self, settings: &mut Settings) -> Result<(), KnobError> {
        self.values.iter().try_for_each(|(knob, value)| settings.set(*knob, *value))
    }
}

fn flag(row: &'static KnobSpec) -> Arg {
    let unit = if row.unit.is_empty() { String::new() } else { format!(" {}", row.unit) };
    let applies = if row.applies == Applies::NewRun { format!("; {}", row.applies) } else { String::new() };
    let help = format!("{} [{}; default {}{unit}, or the model's own{applies}]", row.help, row.range(), row.format(row.default));
    Arg::new(row.name)
        .long(row.name)
        .value_name("VALUE")
        .help(help)
        .help_heading("Settings")
        .value_parser(value(row.knob))
        .allow_negative_numbers(true)
}

/// Reads a value of a setting.
pub fn value(knob: Knob) -> impl Fn(&str) -> Result<f64, KnobError> + Clone {
    move |text: &str| knob.spec().parse(text)
}

/// Reads `KNOB=VALUE`.
pub fn pair(text: &str) -> Result<(Knob, f64), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("expected KNOB=VALUE, not `{text}`"))?;
    let knob = Knob::by_name(name).map_err(|error| error.to_string())?;
    Ok((knob, knob.spec().parse(value).map_err(|error| error.to_string())?))
}

impl clap::Args for KnobArgs {
    fn augment_args(command: Command) -> Command {
        let set = Arg::new("set")
            .long("set")
            .value_name("KNOB=VALUE")
            .help("Any setting by its name, such as lrn.2=off; may be given several times")
            .help_heading("Settings")
            .action(clap::ArgAction::Append)
            .value_parser(pair);
        command.args(TABLE.iter().map(flag)).arg(set)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for KnobArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let missing = |error: clap::parser::MatchesError| Error::raw(ErrorKind::InvalidValue, error);
        let mut values = Vec::new();
        for row in TABLE {
            if let Some(value) = matches.try_get_one::<f64>(row.name).map_err(missing)? {
                values.push((row.knob, *value));
            }
        }
        if let Some(pairs) = matches.try_get_many::<(Knob, f64)>("set").map_err(missing)? {
            values.extend(pairs.copied());
        }
        Ok(KnobArgs { values })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::super::Cli;
    use super::*;

    fn given(arguments: &[&str]) -> Result<Vec<(Knob, f64)>, String> {
        let words = ["alexscope"].iter().chain(arguments);
        Cli::try_parse_from(words).map(|cli| cli.train.network.knobs.values).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_row_of_the_table_is_a_flag() {
        for row in TABLE {
            let text = row.format(row.default);
            assert_eq!(given(&[&format!("--{}={text}", row.name)]), Ok(vec![(row.knob, row.default)]), "{}", row.name);
        }
    }

    #[test]
    fn set_takes_any_knob_and_comes_after_the_flags() {
        let values = given(&["--set", "lrn.2=off", "--lrn", "on", "--set", "momentum=0.5"]);
        assert_eq!(values, Ok(vec![(Knob::Lrn, 1.0), (Knob::LrnLayer(2), 0.0), (Knob::Momentum, 0.5)]));
    }

    #[test]
    fn the_help_says_which_settings_only_a_new_run_takes() {
        let help = Cli::command().find_subcommand_mut("train").unwrap().render_long_help().to_string();
        let said = |name: &str| {
            help.split(&format!("--{name} ")).nth(1).unwrap().split("\n\n").next().unwrap().contains("only in a new run")
        };
        assert!(said("seed") && said("towers") && !said("momentum"), "{help}");
    }

    #[test]
    fn threads_that_no_machine_has_are_refused_with_what_was_expected() {
        for (command, threads) in [("train", "0"), ("bench", "100000"), ("evaluate", "1025")] {
            let said = Cli::try_parse_from(["alexscope", command, "--threads", threads]).unwrap_err().to_string();
            assert!(said.contains("1..=1024"), "{said}");
        }
    }

    #[test]
    fn a_value_out_of_range_is_refused_with_the_range() {
        assert!(given(&["--momentum", "2"]).unwrap_err().contains("momentum takes 0 to 0.9999, not `2`"));
        assert!(given(&["--set", "speed=9"]).unwrap_err().contains("there is no setting `speed`"));
    }
}
