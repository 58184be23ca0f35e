//! What is compared with what: written down before anything is trained, so that a comparison can be taken up again.

use std::fs;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use serde::{Deserialize, Serialize};

use crate::cli::{BrokenChoice, CompareArgs, PresetChoice};
use crate::contest::{Figures, Place};
use crate::knobs::{Knob, Settings};
use crate::spec::zoo;
use crate::whole_file;

/// The plan's file in the folder of a comparison.
pub const FILE: &str = "compare.json";

/// A network with settings of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contender {
    /// As a person named it: `alexnet:lrn=off`.
    pub label: String,
    pub model: String,
    /// What it has unlike the others, as a person writes it.
    pub settings: Vec<(Knob, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of alexscope that made it.
    pub version: String,
    pub contenders: Vec<Contender>,
    /// The same for all; the budget is among them.
    pub shared: Vec<(Knob, String)>,
    pub seeds: Vec<u64>,
    pub data: Option<PathBuf>,
    /// Own pictures that cannot be read are left out.
    pub skip_broken: bool,
}

impl Contender {
    /// Reads `NAME[:knob=value,…]`.
    pub fn parse(label: &str) -> Result<Contender> {
        let (name, settings) = label.split_once(':').unwrap_or((label, ""));
        let model = zoo::load(name)?;
        let mut own = Vec::new();
        for pair in settings.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (knob, value) = pair.split_once('=').ok_or_else(|| eyre!("{label}: expected NAME:knob=value,…, not `{pair}`"))?;
            let knob = Knob::by_name(knob)?;
            // Of what is measured, too: every figure is of the same test pictures.
            if matches!(knob, Knob::Seed | Knob::Epochs | Knob::Steps | Knob::EvaluateEvery | Knob::EvaluatePictures) {
                bail!("{label}: {knob} is the same for all; give it as --{knob}");
            }
            if let Some(why) = model.no_use_for(knob) {
                bail!("{label}: {why}");
            }
            own.push((knob, knob.spec().format(knob.spec().parse(value)?)));
        }
        Ok(Contender { label: label.into(), model: name.into(), settings: own })
    }
}

impl Plan {
    /// The plan that a command line asks for.
    pub fn ask(arguments: &CompareArgs) -> Result<Plan> {
        let preset: &[&str] = match arguments.preset {
            None => &[],
            Some(PresetChoice::Article) => &["alexnet", "alexnet:lrn=off", "tensorflow", "lenet5", "simple-cnn"],
            Some(PresetChoice::ArticleSmall) => &["paddle-lrn", "paddle", "lenet5", "simple-cnn"],
        };
        let labels = preset.iter().copied().chain(arguments.contenders.iter().map(String::as_str));
        let contenders = labels.map(Contender::parse).collect::<Result<Vec<_>>>()?;
        if contenders.len() < 2 {
            bail!("name two or more to compare, such as `alexscope compare alexnet alexnet:lrn=off --epochs 2`, or a --preset");
        }
        if let Some(twice) = (1..contenders.len()).find(|&i| contenders[..i].contains(&contenders[i])) {
            bail!("{} is named twice; to repeat a run raise --seeds", contenders[twice].label);
        }
        let given = &arguments.knobs.values;
        let value = |knob: Knob| given.iter().rev().find(|(there, _)| *there == knob).map(|(_, value)| *value);
        if [Knob::Epochs, Knob::Steps].into_iter().all(|knob| value(knob).unwrap_or(0.0) == 0.0) {
            bail!("say how long each may train: --epochs N or --steps N");
        }
        // A budget of steps alone is not cut short by the epochs of a model's own file.
        let mut shared = vec![
            (Knob::Epochs, "0".to_string()),
            (Knob::Steps, "0".into()),
            // Every figure is measured on all test pictures.
            (Knob::EvaluateEvery, "0".into()),
            (Knob::EvaluatePictures, "0".into()),
        ];
        if arguments.preset.is_some() {
            shared.push((Knob::BatchSize, "128".into()));
        }
        shared.extend(
            given.iter().filter(|(knob, _)| *knob != Knob::Seed).map(|(knob, value)| (*knob, knob.spec().format(*value))),
        );
        let first = value(Knob::Seed).unwrap_or(1.0) as u64;
        let plan = Plan {
            version: env!("CARGO_PKG_VERSION").into(),
            contenders,
            shared,
            seeds: (first..first + u64::from(arguments.seeds.unwrap_or(1))).collect(),
            data: arguments.pictures.data.clone(),
            skip_broken: arguments.pictures.broken == BrokenChoice::Skip,
        };
        plan.no_two_alike()?;
        Ok(plan)
    }

    /// Refuses contenders that say different things and come to the same.
    fn no_two_alike(&self) -> Result<()> {
        let mut before = Vec::new();
        for place in self.places().take(self.contenders.len()) {
            let contender = &self.contenders[place.contender];
            let mut settings = zoo::load(&contender.model)?.settings()?;
            self.settings(place)?.into_iter().try_for_each(|(knob, value)| settings.set(knob, value))?;
            let comes_to = (&contender.model, settings);
            if let Some(alike) = before.iter().position(|other| *other == comes_to) {
                let [one, other] = [alike, place.contender].map(|at| &self.contenders[at].label);
                bail!("{one} and {other} would learn alike: their settings come to the same");
            }
            before.push(comes_to);
        }
        Ok(())
    }

    /// Refuses options of a command line that goes on with this comparison and wants it otherwise.
    pub fn refuse_changes(&self, arguments: &CompareArgs) -> Result<()> {
        let changed = |option: &str| {
            eyre!(
                "cannot change --{option} of a comparison that was begun; leave it out, or begin another with another --run-dir"
            )
        };
        if arguments.seeds.is_some_and(|seeds| seeds as usize != self.seeds.len()) {
            return Err(changed("seeds"));
        }
        if arguments.pictures.broken == BrokenChoice::Skip && !self.skip_broken {
            return Err(changed("broken"));
        }
        for (knob, value) in &arguments.knobs.values {
            let text = knob.spec().format(*value);
            let begun = self.shared.iter().rev().find(|(there, _)| there == knob).map(|(_, text)| text.as_str());
            let same = match knob {
                Knob::Seed => self.seeds.first() == Some(&(*value as u64)),
                _ => begun == Some(text.as_str()),
            };
            if !same {
                return Err(changed(&knob.name()));
            }
        }
        Ok(())
    }

    /// Whether both would make the same runs. Where the pictures lie, and which version asks, makes no difference.
    pub fn is_as(&self, other: &Plan) -> bool {
        let (version, data) = (other.version.clone(), other.data.clone());
        Plan { version, data, ..self.clone() } == *other
    }

    /// The plan of a comparison that was begun in `folder`; `None` where none was.
    pub fn read(folder: &Path) -> Result<Option<Plan>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read(&path).wrap_err_with(|| format!("cannot read {}", path.display()))?;
        let plan = serde_json::from_slice(&text)
            .map_err(|error| eyre!("{}: this is no plan of a comparison: {error}", path.display()))?;
        Ok(Some(plan))
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        let json = serde_json::to_vec_pretty(self)?;
        whole_file::write(&path, &json).wrap_err_with(|| format!("cannot write {}", path.display()))
    }

    /// All runs in the order in which they are made: every contender once before any has its second seed.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let contenders = 0..self.contenders.len();
        self.seeds.iter().flat_map(move |seed| contenders.clone().map(|contender| Place { contender, seed: *seed }))
    }

    /// The folder of a run in that of the comparison.
    pub fn folder(&self, place: Place) -> String {
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-') { c } else { '-' };
        let label: String = self.contenders[place.contender].label.chars().map(plain).collect();
        format!("{}-{label}-seed-{}", place.contender + 1, place.seed)
    }

    /// What a run is told beyond its model's own settings, in the order in which one overrides the other.
    pub fn settings(&self, place: Place) -> Result<Vec<(Knob, f64)>> {
        let own = &self.contenders[place.contender].settings;
        let mut values = Vec::new();
        for (knob, text) in self.shared.iter().chain(own) {
            values.push((*knob, knob.spec().parse(text)?));
        }
        values.push((Knob::Seed, place.seed as f64));
        Ok(values)
    }

    /// Before the first run.
    pub fn figures(&self) -> Figures {
        let labels = self.contenders.iter().map(|contender| contender.label.clone()).collect();
        Figures { labels, seeds: self.seeds.clone(), budget: self.budget(), runs: Vec::new() }
    }

    /// `2 epochs, 3 seeds`
    pub fn budget(&self) -> String {
        let mut settings = Settings::new();
        for (knob, text) in &self.shared {
            if let Ok(value) = knob.spec().parse(text) {
                // Within its range, as `parse` saw to it.
                let _ = settings.set(*knob, value);
            }
        }
        let of = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            n => Some(format!("{n} {what}s")),
        };
        let (epochs, steps) = (settings.count(Knob::Epochs), settings.count(Knob::Steps));
        [of(epochs, "epoch"), of(steps, "step"), of(self.seeds.len(), "seed")]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, CliCommand};

    fn arguments(line: &str) -> Result<Box<CompareArgs>> {
        let words = ["alexscope", "compare"].into_iter().chain(line.split_whitespace());
        match Cli::try_parse_from(words)?.command {
            Some(CliCommand::Compare(arguments)) => Ok(arguments),
            _ => bail!("not a comparison"),
        }
    }

    fn asked(line: &str) -> Result<Plan> {
        Plan::ask(&*arguments(line)?)
    }

    #[test]
    fn a_contender_has_its_own_settings_over_the_shared_ones() {
        let plan =
            asked("lenet5 lenet5:nesterov=on,learning-rate=0.02 --steps 5 --learning-rate 0.5 --seeds 2 --seed 7").unwrap();
        assert_eq!(plan.seeds, [7, 8]);
        let places: Vec<Place> = plan.places().collect();
        assert_eq!((places[0].contender, places[1].contender, places[2].contender, places[2].seed), (0, 1, 0, 8));
        let mut settings = Settings::new();
        plan.settings(places[3]).unwrap().into_iter().try_for_each(|(knob, value)| settings.set(knob, value)).unwrap();
        assert_eq!((settings.get(Knob::LearningRate), settings.is_on(Knob::Nesterov)), (0.02, true));
        assert_eq!((settings.count(Knob::Steps), settings.count(Knob::Epochs), settings.count(Knob::Seed)), (5, 0, 8));
        assert_eq!(plan.folder(places[1]), "2-lenet5-nesterov-on-learning-rate-0.02-seed-7");
        assert_eq!(plan.budget(), "5 steps, 2 seeds");
    }

    #[test]
    fn the_articles_five_train_at_one_batch_size() {
        let plan = asked("--preset article --epochs 1").unwrap();
        assert_eq!(plan.contenders.len(), 5);
        assert!(plan.shared.contains(&(Knob::BatchSize, "128".into())));
        assert_eq!(asked("--preset article-small --epochs 1").unwrap().contenders[1].label, "paddle");
    }

    #[test]
    fn what_cannot_be_compared_is_refused_with_what_to_say_instead() {
        let refused = |line: &str| asked(line).unwrap_err().to_string();
        assert!(refused("lenet5 --epochs 1").contains("name two or more"));
        assert!(refused("lenet5 simple-cnn").contains("--epochs N or --steps N"));
        assert!(refused("lenet5 lenet5 --steps 1").contains("named twice; to repeat a run raise --seeds"));
        assert!(refused("lenet5:seed=2 lenet5 --steps 1").contains("seed is the same for all"));
        assert!(refused("lenet5:evaluate-pictures=9 lenet5 --steps 1").contains("evaluate-pictures is the same for all"));
        assert!(refused("lenet5 lenet5:lrn=off --steps 1").contains("lenet5 has no layer that lrn could change"));
        assert!(refused("alexnet alexnet:lrn.9=off --steps 1").contains("no layer that lrn.9 could change"));
        assert!(refused("lenet5 lenet5:momentum=0.9 --steps 1").contains("would learn alike"));
        assert!(refused("lenet5 simple-cnn --steps 1 --target NaN").contains("a share from 0 to 1"));
        assert!(refused("lenet5 simple-cnn --steps 1 --target 70").contains("a share from 0 to 1"));
        assert!(refused("lenet5:lrn lenet5 --steps 1").contains("expected NAME:knob=value"));
        assert!(refused("lenet lenet5 --steps 1").contains("did you mean `lenet5`"));
    }

    #[test]
    fn whoever_goes_on_may_say_again_what_was_said_and_nothing_else() {
        let plan = asked("lenet5 simple-cnn --steps 5 --seeds 2 --seed 3 --momentum 0.5").unwrap();
        let said = |line: &str| plan.refuse_changes(&arguments(line).unwrap()).map_err(|error| error.to_string());
        assert_eq!(said("--run-dir there"), Ok(()));
        assert_eq!(said("--seeds 2 --seed 3 --steps 5 --momentum 0.5 --data elsewhere --target 0.5"), Ok(()));
        for other in ["--seeds 5", "--seed 4", "--steps 9", "--momentum 0.6", "--nesterov on", "--broken skip"] {
            let option = other.split(' ').next().unwrap();
            assert!(said(other).unwrap_err().starts_with(&format!("cannot change {option} of a comparison")), "{other}");
        }
        assert!(asked("lenet5 simple-cnn --steps 5 --seeds 2 --seed 3 --momentum 0.5 --data elsewhere").unwrap().is_as(&plan));
        assert!(!asked("lenet5 simple-cnn --steps 6 --seeds 2 --seed 3 --momentum 0.5").unwrap().is_as(&plan));
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Plan::read(folder.path()).unwrap(), None);
        let plan = asked("lenet5 simple-cnn:momentum=0.5 --epochs 3 --data pictures").unwrap();
        plan.write(folder.path()).unwrap();
        assert_eq!(Plan::read(folder.path()).unwrap(), Some(plan));
    }
}
