//! The cases of `cases.toml`, and the boots that each stands for.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use specialize::boot::{Machine, RootMedium};

use crate::Options;

/// One program with its arguments and input; `cases.toml` says what each field is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(default)]
    pub name: String,
    pub app: Option<String>,
    pub source: Option<String>,
    #[serde(default)]
    pub libraries: Vec<String>,
    #[serde(default)]
    pub plugins: Vec<String>,
    #[serde(default)]
    pub flags: Vec<String>,
    #[serde(default)]
    pub args: Vec<String>,
    pub stdin: Option<String>,
    pub input: Option<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    #[serde(default)]
    pub scratch: Vec<String>,
    #[serde(default)]
    pub root: Vec<Medium>,
    #[serde(default = "default_memory")]
    pub memory: u64,
    #[serde(default = "default_deadline")]
    pub deadline: u64,
    #[serde(default)]
    pub output: Comparison,
    pub expect: Option<String>,
    #[serde(default)]
    pub status: u8,
    /// Whether it is one of the conformance set, which shares a kernel with every export.
    #[serde(skip)]
    pub conformance: bool,
}

/// How output is compared.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// Byte for byte.
    #[default]
    Equal,
    /// The guest's begins with the host's: a report of the kernel follows.
    Begins,
    /// Byte for byte but for the kernel's own lines about names that `dlsym` did not find.
    Noted,
}

/// A root medium besides the boot module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    Disk,
    Ramfs,
}

fn default_memory() -> u64 {
    128
}

fn default_deadline() -> u64 {
    120
}

/// One boot of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot {
    pub machine: Machine,
    pub cpus: u32,
    pub effort: &'static str,
    pub root: RootMedium,
}

impl Boot {
    /// What `--filter` looks at.
    pub fn name(&self, case: &str) -> String {
        let root = match self.root {
            RootMedium::Module => "",
            RootMedium::Disk => "/disk",
            RootMedium::Ramfs => "/ramfs",
        };
        format!("{case}/{}/smp{}/{}{root}", self.machine, self.cpus, self.effort)
    }

    /// The profile its kernel is made for.
    pub fn profile(&self) -> &'static str {
        match self.machine {
            Machine::Q35 | Machine::Pc => "kvm",
            Machine::Microvm => "microvm",
        }
    }
}

/// Reads the manifest.
pub fn read(path: &Path) -> Result<Vec<Case>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Manifest {
        case: Vec<Case>,
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    for case in &manifest.case {
        if case.app.is_some() == case.source.is_some() {
            return Err(format!("case {}: either `app` or `source`", case.name));
        }
    }
    Ok(manifest.case)
}

impl Case {
    /// The boots of this case that the options ask for.
    pub fn boots<'a>(&'a self, options: &'a Options) -> impl Iterator<Item = Boot> + 'a {
        const EFFORTS: [&str; 3] = ["instant", "balanced", "max"];
        let usual = EFFORTS.into_iter().find(|effort| *effort == options.effort).unwrap_or("balanced");
        let mut boots = Vec::new();
        if self.conformance {
            let root = RootMedium::Module;
            // How the kernel is made is of no matter here, so it is made in the least time.
            boots.push(Boot { machine: Machine::Q35, cpus: 2, effort: "instant", root });
            boots.push(Boot { machine: Machine::Microvm, cpus: 1, effort: "instant", root });
            return self.wanted(boots, options);
        }
        for machine in Machine::ALL {
            for cpus in [1, 2] {
                boots.push(Boot { machine, cpus, effort: usual, root: RootMedium::Module });
            }
        }
        for effort in EFFORTS.into_iter().filter(|effort| *effort != usual) {
            boots.push(Boot { machine: Machine::Q35, cpus: 2, effort, root: RootMedium::Module });
        }
        for medium in &self.root {
            let root = match medium {
                Medium::Disk => RootMedium::Disk,
                Medium::Ramfs => RootMedium::Ramfs,
            };
            for machine in Machine::ALL {
                boots.push(Boot { machine, cpus: 2, effort: usual, root });
            }
        }
        self.wanted(boots, options)
    }

    fn wanted<'a>(
        &'a self,
        mut boots: Vec<Boot>,
        options: &'a Options,
    ) -> impl Iterator<Item = Boot> + use<'a> {
        if options.quick {
            boots.truncate(1);
        }
        boots.into_iter().filter(|boot| options.wants(&boot.name(&self.name), boot.machine))
    }
}
