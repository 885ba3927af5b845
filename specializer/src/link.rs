//! The link: objects, linker script and `rust-lld` make an ELF file; the file is then packed.

mod conventional;
mod image;
mod linker;
mod live_part;

pub use conventional::{Conventional, conventional, full};
pub use image::{ImageError, ImageSymbol, KernelImage, Sections};
pub use linker::Linker;
pub use live_part::LivePartError;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use object::{Object as _, ObjectSymbol as _};
use rayon::prelude::*;

use self::live_part::Binding;
use crate::Options;
use crate::generated::{Generated, GeneratedError};
use crate::package::{KernelPackage, Native, PackageError, SymbolId};
use crate::reachability::{self, LiveSet};
use crate::roots::Roots;

/// Why a link failed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The linker refused.
    #[error("the link of the kernel failed:\n{0}")]
    Linker(String),
    /// The package is damaged.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Tables or exports could not be written.
    #[error(transparent)]
    Generated(#[from] GeneratedError),
    /// A compiled object of the package does not parse.
    #[error("{path}: {source}")]
    LivePart {
        /// The object.
        path: PathBuf,
        /// What is wrong with it.
        source: LivePartError,
    },
    /// What the linker wrote is not a kernel.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// One input of a link.
#[derive(Debug, Clone)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// An object in memory, and a name for it.
    Bytes(String, Vec<u8>),
}

/// All inputs of a link.
#[derive(Debug, Clone, Default)]
pub struct Inputs(pub Vec<Input>);

impl Inputs {
    /// What lives of the package's own compiled objects, and what was made for this kernel.
    ///
    /// # Errors
    /// The generated object cannot be written, or the package was changed.
    pub fn precompiled(
        package: &KernelPackage,
        live: &LiveSet,
        extra: &Generated,
        options: &Options,
    ) -> Result<Self, LinkError> {
        let unwinds = options.unwinds(package, live);
        let mut inputs = Self::parts(package, live, unwinds, Binding::Strong)?;
        inputs.natives(package, |symbol| live.contains(symbol))?;
        inputs.generated(package, extra, true)?;
        Ok(inputs)
    }

    /// What is compiled anew, what its code calls that it does not define, and what was made for this kernel.
    ///
    /// # Errors
    /// An object does not parse or cannot be written, or the package was changed.
    pub fn compiled(
        package: &KernelPackage,
        live: &LiveSet,
        extra: &Generated,
        objects: Vec<Vec<u8>>,
        options: &Options,
    ) -> Result<Self, LinkError> {
        let mut called = Vec::new();
        for object in &objects {
            let object = object::File::parse(&**object).map_err(ImageError::from)?;
            let undefined = object.symbols().filter(|symbol| symbol.is_undefined());
            let names = undefined.filter_map(|symbol| symbol.name().ok());
            called.extend(names.filter_map(|name| package.index.find_defined(name)));
        }
        called.retain(|symbol| !live.contains(*symbol));
        let called = reachability::mark(&package.index, &Roots::of_symbols(&called));
        let unwinds = options.unwinds(package, live);
        // What both need is where the kernel's own code has it.
        let mut inputs = Self::parts(package, &called, unwinds, Binding::Weak)?;
        let objects = objects.into_iter().enumerate();
        inputs.0.extend(objects.map(|(at, object)| Input::Bytes(format!("specialized.{at}.o"), object)));
        inputs.natives(package, |symbol| live.contains(symbol) || called.contains(symbol))?;
        inputs.generated(package, extra, false)?;
        Ok(inputs)
    }

    /// What the package's own objects have of `symbols`.
    fn parts(
        package: &KernelPackage,
        symbols: &LiveSet,
        unwinds: bool,
        binding: Binding,
    ) -> Result<Self, LinkError> {
        let part = |number: u16| {
            let name = format!("kernel.{number}.o");
            let file = format!("objects/{name}");
            let places = symbols.symbols().filter_map(|id| package.index.symbol(id).place);
            let sections = places.filter(|place| place.object == number).map(|place| place.section);
            let part = live_part::live_part(&package.map(&file)?, sections, unwinds, binding)
                .map_err(|source| LinkError::LivePart { path: package.directory.join(&file), source })?;
            Ok::<_, LinkError>(Input::Bytes(name, part))
        };
        let places = symbols.symbols().filter_map(|id| package.index.symbol(id).place);
        let objects: BTreeSet<u16> = places.map(|place| place.object).collect();
        Ok(Self(objects.into_par_iter().map(part).collect::<Result<_, _>>()?))
    }

    /// Adds a file of the package.
    ///
    /// # Errors
    /// The file is not what the package's manifest says.
    pub fn file(&mut self, package: &KernelPackage, name: &str) -> Result<(), PackageError> {
        package.check(name)?;
        self.0.push(Input::File(package.directory.join(name)));
        Ok(())
    }

    /// Adds the native objects that live: a linker keeps what an object's unwind tables name.
    ///
    /// # Errors
    /// A file is not what the package's manifest says.
    pub fn natives(
        &mut self,
        package: &KernelPackage,
        live: impl Fn(SymbolId) -> bool,
    ) -> Result<(), PackageError> {
        let lives = |native: &&Native| native.symbols.iter().any(|symbol| live(*symbol));
        package.index.natives.iter().filter(lives).try_for_each(|native| self.file(package, &native.file))
    }

    /// Adds what was made for this kernel.
    ///
    /// # Errors
    /// The object cannot be written.
    pub fn generated(
        &mut self,
        package: &KernelPackage,
        extra: &Generated,
        tables: bool,
    ) -> Result<(), GeneratedError> {
        let has_handler = package.index.find_defined(crate::generated::MISSING_HANDLER).is_some();
        self.0.push(Input::Bytes("generated.o".into(), extra.object(tables, has_handler)?));
        Ok(())
    }
}

/// What goes when nobody can read unwind tables.
const WITHOUT_UNWIND_TABLES: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.gcc_except_table .gcc_except_table.*) } }\n";

/// Links a kernel.
///
/// # Errors
/// The linker refuses, or a file cannot be written.
pub fn link(
    linker: Linker,
    package: &KernelPackage,
    live: &LiveSet,
    inputs: &Inputs,
    options: &Options,
) -> Result<KernelImage, LinkError> {
    let unwinds = options.unwinds(package, live);
    // What lives is so little that threads cost more than they save.
    let mut flags = vec!["--threads=1"];
    if options.code_for_size {
        flags.push("--icf=safe");
    }
    run(linker, package, inputs, &flags, unwinds, options)
}

fn run(
    linker: Linker,
    package: &KernelPackage,
    inputs: &Inputs,
    flags: &[&str],
    unwinds: bool,
    options: &Options,
) -> Result<KernelImage, LinkError> {
    let scratch = Scratch::new(options.save_dir.as_deref())?;
    let output = scratch.path.join("kernel.linked.elf");
    let config = &package.kernel_toml;
    let fixed = ["-static", "--gc-sections", "--build-id=none", "-O2", "--no-dynamic-linker"];
    let mut arguments: Vec<OsString> = fixed.map(OsString::from).into();
    arguments.extend(["-z", "max-page-size=4096", "-z", "noexecstack"].map(OsString::from));
    if unwinds {
        arguments.push("--eh-frame-hdr".into());
    } else {
        // The script that comes first takes the sections.
        let script = scratch.path.join("without-unwind-tables.ld");
        std::fs::write(&script, WITHOUT_UNWIND_TABLES).map_err(io(&script))?;
        arguments.extend(["-T".into(), script.into()]);
    }
    arguments.extend(flags.iter().map(OsString::from));
    arguments.extend(["-T".into(), package.directory.join("kernel.ld").into()]);
    arguments.extend(["-e".into(), config.entry.clone().into(), "-o".into(), output.clone().into()]);
    arguments.extend(config.keep.iter().flat_map(|name| ["-u".into(), name.into()]));
    for input in &inputs.0 {
        match input {
            Input::File(path) => arguments.push(path.into()),
            Input::Bytes(name, bytes) => {
                let path = scratch.path.join(name);
                std::fs::write(&path, bytes).map_err(io(&path))?;
                arguments.push(path.into());
            }
        }
    }
    if options.save_dir.is_some() {
        let line = scratch.path.join("link.txt");
        std::fs::write(&line, linker.command_line(&arguments)).map_err(io(&line))?;
    }
    linker.link(&arguments)?;
    let linked = std::fs::read(&output).map_err(io(&output))?;
    Ok(KernelImage::pack(linked)?)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> LinkError + '_ {
    move |source| LinkError::Io { path: path.to_owned(), source }
}

/// Where intermediate files go: the folder of `--save-dir`, or one that vanishes.
struct Scratch {
    path: PathBuf,
    _vanishes: Option<tempfile::TempDir>,
}

impl Scratch {
    fn new(keep: Option<&Path>) -> Result<Self, LinkError> {
        if let Some(path) = keep {
            std::fs::create_dir_all(path).map_err(io(path))?;
            return Ok(Self { path: path.to_owned(), _vanishes: None });
        }
        let folder = tempfile::tempdir().map_err(io(&std::env::temp_dir()))?;
        Ok(Self { path: folder.path().to_owned(), _vanishes: Some(folder) })
    }
}
