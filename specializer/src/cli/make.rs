//! The main job: one application, one hypervisor, one kernel.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::arguments::{Make, Target};
use super::context;
use super::error::CliError;
use super::options;
use super::output::{self, Outputs};
use crate::app::AppClosure;
use crate::link::Linker;
use crate::package::KernelPackage;
use crate::profile::Profile;
use crate::report::{self, Form, Report};
use crate::{Options, Specialized, specialize};

/// Everything that went into a kernel, and the kernel.
pub(super) struct Made {
    pub package: KernelPackage,
    pub closure: AppClosure,
    pub profile: Profile,
    pub options: Options,
    pub specialized: Specialized,
}

/// The inputs of a specialization, read and checked.
pub(super) struct Inputs {
    pub package: KernelPackage,
    pub closure: AppClosure,
    pub profile: Profile,
    pub options: Options,
}

impl Inputs {
    /// Reads what the flags name. Mistakes in the command line come first, then what is read fast.
    pub fn read(target: &Target, quiet: bool) -> Result<Self, CliError> {
        let app = options::app(target)?;
        let mut options = options::options(target)?;
        // A mistyped profile should not wait for a package to be built.
        Profile::load(options::profile_name(target)?)?;
        std::fs::File::open(app).map_err(|source| CliError::Read { path: app.to_owned(), source })?;
        let package = context::package(&target.closure.package, quiet)?;
        let profile = options::profile(target, &package)?;
        options.drop_rows.extend(options::left_out(target, &package));
        let closure = context::closure(app, &target.closure, &package.catalogue)?;
        Ok(Self { package, closure, profile, options })
    }

    /// Makes the kernel.
    pub fn make(self, linker: Linker) -> Result<Made, CliError> {
        let Self { package, closure, profile, options } = self;
        let specialized = specialize(&package, &closure, &profile, &options, linker)
            .map_err(|error| CliError::Specialize { error: Box::new(error), app: closure.name(0) })?;
        Ok(Made { package, closure, profile, options, specialized })
    }
}

/// `specialize --app APP --hv PROFILE`.
pub(super) fn make(arguments: &Make) -> Result<ExitCode, CliError> {
    let app = options::app(&arguments.target)?;
    let output = arguments.output.clone().unwrap_or_else(|| default_output(app));
    check_outputs(arguments, app, &output)?;
    let forms =
        arguments.report.iter().map(|path| Ok((path, form(path)?))).collect::<Result<Vec<_>, CliError>>()?;
    let linker = Linker::start();
    let made = Inputs::read(&arguments.target, arguments.show.quiet)?.make(linker)?;
    let mut outputs = Outputs::default();
    outputs.add(&output, &made.specialized.image.bytes, true)?;
    if let Some(path) = &arguments.symbols {
        outputs.add(path, &made.specialized.image.with_symbols, false)?;
    }
    let told = arguments.show.json || !arguments.show.quiet;
    let report = if told || !forms.is_empty() { Some(made.report(&output)?) } else { None };
    if let Some(report) = &report {
        for (path, form) in forms {
            outputs.add(path, form.render(report).as_bytes(), false)?;
        }
    }
    outputs.commit()?;
    if let Some(report) = report.filter(|_| told) {
        let form = if arguments.show.json { Form::Json } else { Form::Text };
        output::print(&form.render(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Made {
    /// Whether the kernel holds a row of one of these tables.
    pub fn holds_row(&self, kinds: &[String]) -> bool {
        let tables = self.package.index.tables.iter().zip(&self.specialized.live.rows);
        tables
            .filter(|(table, _)| kinds.contains(&table.kind))
            .any(|(_, rows)| rows.iter().any(Option::is_some))
    }

    /// The report on this kernel, with the comparison builds made.
    pub fn report(&self, output: &Path) -> Result<Report, CliError> {
        let Self { package, closure, profile, options, specialized } = self;
        let compared = report::compare::comparisons(package, closure, profile, specialized, options);
        let compared = compared
            .map_err(|error| CliError::Specialize { error: Box::new(error), app: closure.name(0) })?;
        let made = report::Inputs { package, closure, profile, options, specialized, compared: &compared };
        Ok(report::build(&made, &output.display().to_string()))
    }
}

/// `NAME.kernel.elf` in the current directory.
fn default_output(app: &Path) -> PathBuf {
    let mut name = app.file_name().unwrap_or_default().to_owned();
    name.push(".kernel.elf");
    PathBuf::from(name)
}

/// What a report's file name says about its form.
fn form(path: &Path) -> Result<Form, CliError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    Form::of_extension(extension).ok_or_else(|| {
        CliError::usage(format!(
            "--report {}: the name has to end in .html, .json, .md or .txt",
            path.display()
        ))
    })
}

/// No output may be an input or another output.
fn check_outputs(arguments: &Make, app: &Path, output: &Path) -> Result<(), CliError> {
    let mut seen = vec![("the application", real(app))];
    let outputs = std::iter::once(output).chain(arguments.symbols.as_deref());
    for path in outputs.chain(arguments.report.iter().map(PathBuf::as_path)) {
        let place = real(path);
        if !path.exists() || path.is_file() {
            if let Some((what, _)) = seen.iter().find(|(_, other)| *other == place) {
                return Err(CliError::usage(format!("{} would be written over {what}", path.display())));
            }
            seen.push(("another output", place));
        }
    }
    Ok(())
}

/// The path that a file has or would have, with links followed.
fn real(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    directory.join(path.file_name().unwrap_or_default())
}
