//! What tests of many rooms begin with.

use super::{DatasetInfo, DeviceInfo, RunHeader};
use crate::spec::ModelSpec;

/// The header of a run of `model` on all of CIFAR-10, with the settings of its own file.
pub fn header(model: ModelSpec) -> RunHeader {
    RunHeader {
        version: "0.1.0".into(),
        run: "test".into(),
        folder: String::new(),
        settings: model.settings().unwrap(),
        model,
        data: DatasetInfo {
            name: "CIFAR-10".into(),
            stand_in: false,
            folder: String::new(),
            classes: Vec::new(),
            train: 50_000,
            test: 10_000,
        },
        device: DeviceInfo { name: "CPU".into(), threads: 2 },
        started_at: 0,
        parent: None,
        weights: None,
    }
}
