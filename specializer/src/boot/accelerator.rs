//! Which accelerator QEMU uses: KVM where it really works, else its own translator.
//!
//! `/dev/kvm` being there does not say that it works: a nested one may be emulated in software, so
//! slow that a guest seems to hang, or stop at the first SSE instruction. So a tiny guest is booted
//! that counts through SSE instructions and then says so; KVM works if it does so in time.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// An accelerator of QEMU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Accelerator {
    /// The processor's own virtualisation.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

/// How long the probe's guest may take. It needs a tenth of a second where KVM works.
const PROBE_DEADLINE: Duration = Duration::from_secs(3);

impl Accelerator {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Accelerator::Kvm => "kvm",
            Accelerator::Tcg => "tcg",
        }
    }

    /// The value of `-accel`. The translator by itself gives each virtual CPU a thread, unless instructions
    /// are counted.
    pub(super) fn option(self) -> &'static str {
        match self {
            Accelerator::Kvm => "kvm",
            Accelerator::Tcg => "tcg",
        }
    }

    /// The accelerator that works with this QEMU on this host.
    pub fn probe(qemu: &OsStr) -> Accelerator {
        let kvm = Path::new("/dev/kvm");
        let usable = std::fs::OpenOptions::new().read(true).write(true).open(kvm).is_ok();
        if usable && guest_answers(qemu).unwrap_or(false) { Accelerator::Kvm } else { Accelerator::Tcg }
    }
}

impl FromStr for Accelerator {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "kvm" => Ok(Accelerator::Kvm),
            "tcg" => Ok(Accelerator::Tcg),
            _ => Err(format!("no accelerator is called '{name}': it is kvm or tcg")),
        }
    }
}

/// Boots the probe under KVM; whether it wrote its answer in time.
fn guest_answers(qemu: &OsStr) -> io::Result<bool> {
    let mut image = tempfile::NamedTempFile::new()?;
    image.write_all(&probe_image())?;
    image.flush()?;
    let mut child = Command::new(qemu)
        .args(["-M", "microvm", "-accel", "kvm", "-cpu", "max", "-m", "16", "-nodefaults", "-no-user-config"])
        .args(["-no-reboot", "-display", "none", "-serial", "stdio", "-kernel"])
        .arg(image.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (sender, receiver) = mpsc::channel();
    if let Some(mut console) = child.stdout.take() {
        thread::spawn(move || {
            let mut answer = [0; 1];
            let _ = sender.send(console.read(&mut answer).is_ok_and(|read| read == 1 && answer[0] == ANSWER));
        });
    }
    let answered = receiver.recv_timeout(PROBE_DEADLINE).unwrap_or(false);
    let _ = child.kill();
    child.wait()?;
    Ok(answered)
}

/// What the probe writes to the first serial port.
const ANSWER: u8 = b'K';

/// The probe: a 32-bit ELF with a PVH entry note (type 18 of `Xen`) and one loadable segment.
fn probe_image() -> Vec<u8> {
    const ADDRESS: u32 = 0x10_0000;
    const HEADERS: u32 = 52 + 2 * 32;
    const NOTE_SIZE: u32 = 20;
    // Entered in 32-bit protected mode with flat segments and paging off.
    #[rustfmt::skip]
    let code: &[u8] = &[
        0x0f, 0x20, 0xe0,                   // mov eax, cr4
        0x0d, 0x00, 0x06, 0x00, 0x00,       // or eax, OSFXSR | OSXMMEXCPT
        0x0f, 0x22, 0xe0,                   // mov cr4, eax
        0x0f, 0x20, 0xc0,                   // mov eax, cr0
        0x83, 0xe0, 0xfb,                   // and eax, ~EM
        0x83, 0xc8, 0x02,                   // or eax, MP
        0x0f, 0x22, 0xc0,                   // mov cr0, eax
        0xb9, 0x00, 0x2d, 0x31, 0x01,       // mov ecx, 20_000_000
        0x66, 0x0f, 0xfe, 0xc0,             // 1: paddd xmm0, xmm0
        0x49,                               // dec ecx
        0x75, 0xf9,                         // jnz 1b
        0xba, 0xf8, 0x03, 0x00, 0x00,       // mov edx, 0x3f8
        0xb0, ANSWER,                       // mov al, ANSWER
        0xee,                               // out dx, al
        0xf4,                               // 2: hlt
        0xeb, 0xfd,                         // jmp 2b
    ];
    let entry = ADDRESS + HEADERS + NOTE_SIZE;
    let size = HEADERS + NOTE_SIZE + code.len() as u32;
    let mut elf = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |elf: &mut Vec<u8>, value: u16| elf.extend_from_slice(&value.to_le_bytes());
    let words = |elf: &mut Vec<u8>, values: &[u32]| {
        values.iter().for_each(|value| elf.extend_from_slice(&value.to_le_bytes()));
    };
    half(&mut elf, 2); // ET_EXEC
    half(&mut elf, 3); // EM_386
    words(&mut elf, &[1, entry, 52, 0, 0]); // version, entry, program headers, no sections, flags
    for value in [52, 32, 2, 0, 0, 0] {
        half(&mut elf, value); // sizes and numbers of headers
    }
    words(&mut elf, &[1, 0, ADDRESS, ADDRESS, size, size, 7, 4096]); // PT_LOAD: the whole file
    words(&mut elf, &[4, HEADERS, ADDRESS + HEADERS, ADDRESS + HEADERS, NOTE_SIZE, NOTE_SIZE, 4, 4]); // PT_NOTE
    words(&mut elf, &[4, 4, 18]);
    elf.extend_from_slice(b"Xen\0");
    words(&mut elf, &[entry]);
    elf.extend_from_slice(code);
    elf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_is_an_elf_whose_segment_is_the_whole_file() {
        let image = probe_image();
        let word = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(word(52 + 16), image.len());
        let note = word(52 + 32 + 4);
        assert_eq!(&image[note + 12..note + 16], b"Xen\0");
        assert_eq!(word(note + 16), word(24));
        assert_eq!(image[word(24) - 0x10_0000], 0x0f);
    }

    #[test]
    fn without_qemu_there_is_the_translator() {
        assert_eq!(Accelerator::probe(OsStr::new("/no/such/qemu")), Accelerator::Tcg);
    }
}
