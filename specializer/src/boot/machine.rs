//! The QEMU machines that kernels are run on, and the command line for each.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::accelerator::Accelerator;
use super::network::Network;

/// A machine model of QEMU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Machine {
    /// PCI Express with ECAM, virtio devices on PCI.
    Q35,
    /// The PC of 1996, PCI through ports, virtio devices on PCI.
    Pc,
    /// No PCI: virtio devices on MMIO.
    Microvm,
}

impl Machine {
    /// Every machine.
    pub const ALL: [Machine; 3] = [Machine::Q35, Machine::Pc, Machine::Microvm];

    /// The machine on which a hypervisor profile is run if the user names none; `None` for a
    /// profile that QEMU does not stand for.
    pub fn for_profile(profile: &str) -> Option<Machine> {
        match profile {
            "kvm" | "qemu" | "all" => Some(Machine::Q35),
            "microvm" => Some(Machine::Microvm),
            _ => None,
        }
    }

    /// Its name for `-M` and on our own command line.
    pub fn name(self) -> &'static str {
        match self {
            Machine::Q35 => "q35",
            Machine::Pc => "pc",
            Machine::Microvm => "microvm",
        }
    }

    /// The value of `-M`.
    fn option(self) -> &'static str {
        match self {
            Machine::Q35 => "q35,usb=off,vmport=off",
            Machine::Pc => "pc,usb=off,vmport=off",
            // The kernel finds the devices by ACPI; words appended to the command line would
            // become arguments of the program.
            Machine::Microvm => "microvm,auto-kernel-cmdline=off,rtc=on",
        }
    }

    /// The name of a virtio device on this machine's bus.
    fn virtio(self, kind: &str) -> String {
        match self {
            Machine::Microvm => format!("virtio-{kind}-device"),
            Machine::Q35 | Machine::Pc => format!("virtio-{kind}-pci"),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Machine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Machine::ALL
            .into_iter()
            .find(|machine| machine.name() == name)
            .ok_or_else(|| format!("no machine is called '{name}': it is q35, pc or microvm"))
    }
}

/// How the image reaches the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RootMedium {
    /// As a boot module in memory (`-initrd`).
    Module,
    /// On a virtio-blk disk.
    Disk,
    /// As a boot module again, from which the kernel fills a writable root.
    Ramfs,
}

impl RootMedium {
    /// The value of `root=` on the boot command line.
    pub fn key(self) -> &'static str {
        match self {
            RootMedium::Module => "module",
            RootMedium::Disk => "disk",
            RootMedium::Ramfs => "ramfs",
        }
    }
}

/// What a QEMU command line is made from.
#[derive(Debug, Clone)]
pub struct MachinePlan<'a> {
    /// The machine model.
    pub machine: Machine,
    /// The accelerator.
    pub accelerator: Accelerator,
    /// Number of virtual CPUs.
    pub cpus: u32,
    /// Memory in bytes; QEMU rounds it up to its granularity.
    pub memory: u64,
    /// The kernel, an ELF file with a PVH note.
    pub kernel: &'a Path,
    /// The image and the way it goes in.
    pub image: Option<(&'a Path, RootMedium)>,
    /// The boot command line.
    pub command_line: &'a OsStr,
    /// What the network card is plugged into.
    pub network: &'a Network,
    /// Further arguments, as they are.
    pub extra: &'a [OsString],
}

impl MachinePlan<'_> {
    /// The arguments for `qemu-system-x86_64`. The console is QEMU's standard output.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |words: &[&OsStr]| arguments.extend(words.iter().map(|word| word.to_os_string()));
        let text = OsStr::new;
        add(&[text("-M"), text(self.machine.option()), text("-accel"), text(self.accelerator.option())]);
        add(&[text("-cpu"), text("max"), text("-smp"), text(&self.processors())]);
        let memory = format!("size={}k", self.memory.div_ceil(1024));
        add(&[text("-m"), text(&memory)]);
        add(&["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"].map(text));
        add(&["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"].map(text));
        if self.machine == Machine::Microvm {
            // QEMU's transports speak the draft that came before virtio 1.0 unless told otherwise.
            add(&["-global", "virtio-mmio.force-legacy=false"].map(text));
        }
        add(&[text("-device"), text(&self.machine.virtio("rng"))]);
        add(&[text("-kernel"), self.kernel.as_os_str()]);
        add(&[text("-append"), self.command_line]);
        match self.image {
            Some((image, RootMedium::Disk)) => {
                let mut drive = OsString::from("if=none,id=root,format=raw,read-only=on,file=");
                drive.push(escape_commas(image.as_os_str()));
                let device = format!("{},drive=root", self.machine.virtio("blk"));
                add(&[text("-drive"), &drive, text("-device"), text(&device)]);
            }
            Some((image, RootMedium::Module | RootMedium::Ramfs)) => {
                // QEMU takes a comma for the start of the next module here too.
                add(&[text("-initrd"), &escape_commas(image.as_os_str())]);
            }
            None => {}
        }
        let pci = self.machine != Machine::Microvm;
        arguments.extend(self.network.arguments(&self.machine.virtio("net"), pci, self.cpus));
        arguments.extend_from_slice(self.extra);
        arguments
    }

    /// The value of `-smp`.
    ///
    /// QEMU before 8.1 leaves memory barriers out of what it translates for a machine that can have
    /// one processor only, although its own threads serve the devices: a virtio driver's "the entry is
    /// there, does the device wait for it?" then goes wrong now and then, and the queue stalls for good.
    /// Room for a second processor, which is never there, keeps the barriers.
    fn processors(&self) -> String {
        let queues = *self.network != Network::None || matches!(self.image, Some((_, RootMedium::Disk)));
        let barriers = self.accelerator == Accelerator::Tcg && self.cpus == 1 && queues;
        if barriers { "1,maxcpus=2".into() } else { self.cpus.to_string() }
    }
}

/// A comma inside the value of a QEMU option is doubled.
fn escape_commas(value: &OsStr) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut escaped = Vec::new();
    for &byte in value.as_bytes() {
        escaped.push(byte);
        if byte == b',' {
            escaped.push(byte);
        }
    }
    OsString::from_vec(escaped)
}

/// A command as a person can paste it into a shell.
pub fn shell_line(program: &OsStr, arguments: &[OsString]) -> String {
    let mut line = shell_word(&program.to_string_lossy());
    for argument in arguments {
        line.push(' ');
        line.push_str(&shell_word(&argument.to_string_lossy()));
    }
    line
}

fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(machine: Machine, image: Option<(&Path, RootMedium)>) -> String {
        let plan = MachinePlan {
            machine,
            accelerator: Accelerator::Tcg,
            cpus: 2,
            memory: 64 << 20,
            kernel: Path::new("hello.kernel.elf"),
            image,
            command_line: OsStr::new("root=disk -- /hello 'a b'"),
            network: &Network::None,
            extra: &[],
        };
        shell_line(OsStr::new("qemu-system-x86_64"), &plan.arguments())
    }

    #[test]
    fn a_disk_is_on_the_machines_bus() {
        let image = Path::new("a,b.img");
        let pci = line(Machine::Q35, Some((image, RootMedium::Disk)));
        assert!(pci.contains("file=a,,b.img -device virtio-blk-pci,drive=root"), "{pci}");
        assert!(pci.contains("-append 'root=disk -- /hello '\\''a b'\\'''"), "{pci}");
        assert!(
            line(Machine::Microvm, Some((image, RootMedium::Disk))).contains("virtio-blk-device,drive=root")
        );
        assert!(line(Machine::Pc, Some((image, RootMedium::Module))).contains("-initrd a,,b.img"));
    }

    #[test]
    fn one_processor_under_emulation_keeps_barriers_where_there_are_queues() {
        let plan = |accelerator, image, network: &Network| {
            let command_line = OsStr::new("");
            let plan = MachinePlan {
                machine: Machine::Q35,
                accelerator,
                cpus: 1,
                memory: 64 << 20,
                kernel: Path::new("k"),
                image,
                command_line,
                network,
                extra: &[],
            };
            plan.processors()
        };
        let disk = Some((Path::new("i"), RootMedium::Disk));
        let module = Some((Path::new("i"), RootMedium::Module));
        assert_eq!(plan(Accelerator::Tcg, disk, &Network::None), "1,maxcpus=2");
        assert_eq!(plan(Accelerator::Tcg, module, &Network::User(Vec::new())), "1,maxcpus=2");
        assert_eq!(plan(Accelerator::Tcg, module, &Network::None), "1");
        assert_eq!(plan(Accelerator::Kvm, disk, &Network::None), "1");
    }

    #[test]
    fn names_are_read_back() {
        for machine in Machine::ALL {
            assert_eq!(machine.name().parse(), Ok(machine));
        }
        assert!("vmware".parse::<Machine>().is_err());
    }
}
