//! Counts from a kernel's entry: puts a few instructions before the PVH entry of any kernel that
//! write the time-stamp counter to the first serial port. The kernel itself is not changed.

use object::elf::{self, FileHeader64, ProgramHeader64};
use object::pod::{bytes_of, bytes_of_slice};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use object::{LittleEndian as LE, U16, U32, U64};

/// The mark before the eight bytes of the counter.
pub const MARK: &[u8] = b"\x01TSC:";

/// The type of the Xen note that holds the address of the PVH entry.
const PVH_ENTRY: elf::NoteType = elf::NoteType(18);

/// `kernel`, a 64-bit ELF with a PVH note, with its entry counted.
pub fn instrument(kernel: &[u8]) -> Result<Vec<u8>, String> {
    let (file_header, segments) = headers(kernel)?;
    let (at, entry) = pvh_note(kernel)?;
    let loaded = segments.iter().filter(|segment| segment.p_type(LE) == elf::PT_LOAD);
    let end = loaded.map(|segment| segment.p_paddr(LE) + segment.p_memsz(LE)).max().unwrap_or(0);
    // Behind everything the kernel was linked to: memory that it takes for free later.
    let address = u32::try_from(end.next_multiple_of(4096) + 0x1_0000).map_err(|error| error.to_string())?;
    let code = stub(entry, address);
    let size = U64::new(LE, code.len() as u64);

    let mut counted = kernel.to_vec();
    counted.resize(counted.len().next_multiple_of(4096), 0);
    let segment = ProgramHeader64 {
        p_type: U32::new(LE, elf::PT_LOAD),
        p_flags: U32::new(LE, elf::PF_R | elf::PF_X),
        p_offset: U64::new(LE, counted.len() as u64),
        p_vaddr: U64::new(LE, address.into()),
        p_paddr: U64::new(LE, address.into()),
        p_filesz: size,
        p_memsz: size,
        p_align: U64::new(LE, 4096),
    };
    counted.extend_from_slice(&code);
    counted.resize(counted.len().next_multiple_of(8), 0);
    let file_header = FileHeader64 {
        e_phoff: U64::new(LE, counted.len() as u64),
        e_phnum: U16::new(LE, segments.len() as u16 + 1),
        ..*file_header
    };
    counted.extend_from_slice(bytes_of_slice(segments));
    counted.extend_from_slice(bytes_of(&segment));
    counted[..size_of_val(&file_header)].copy_from_slice(bytes_of(&file_header));
    counted[at..at + 4].copy_from_slice(&address.to_le_bytes());
    Ok(counted)
}

/// The address at which a kernel is entered (physical, PVH).
pub fn entry(kernel: &[u8]) -> Result<u32, String> {
    pvh_note(kernel).map(|(_, entry)| entry)
}

type Headers<'d> = (&'d FileHeader64<LE>, &'d [ProgramHeader64<LE>]);

fn headers(kernel: &[u8]) -> Result<Headers<'_>, String> {
    let header = FileHeader64::<LE>::parse(kernel).map_err(|error| format!("the kernel: {error}"))?;
    let segments = header.program_headers(LE, kernel).map_err(|error| format!("the kernel: {error}"))?;
    Ok((header, segments))
}

/// Where in the file the address of the PVH entry is, and that address.
fn pvh_note(kernel: &[u8]) -> Result<(usize, u32), String> {
    let told = |error: object::Error| format!("the kernel's notes: {error}");
    for segment in headers(kernel)?.1 {
        let Some(mut notes) = segment.notes(LE, kernel).map_err(told)? else { continue };
        while let Some(note) = notes.next().map_err(told)? {
            if note.name() == b"Xen" && note.n_type(LE) == PVH_ENTRY {
                let (entry, _) =
                    note.desc().split_first_chunk().ok_or("the kernel's PVH note is cut short")?;
                let at = note.desc().as_ptr().addr() - kernel.as_ptr().addr();
                return Ok((at, u32::from_le_bytes(*entry)));
            }
        }
    }
    Err("the kernel has no PVH note".to_owned())
}

/// The counter that the stub wrote, from the console's bytes.
pub fn at_entry(console: &[u8]) -> Option<u64> {
    let at = console.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    Some(u64::from_le_bytes(console.get(at..at + 8)?.try_into().ok()?))
}

/// 32-bit protected mode code: writes MARK and the counter, then goes on to `entry`. It leaves EBX,
/// the address of the start info, alone.
fn stub(entry: u32, address: u32) -> Vec<u8> {
    let mut code = vec![0x0f, 0x31]; // rdtsc
    code.extend([0x89, 0xc6, 0x89, 0xd7]); // mov esi, eax; mov edi, edx
    code.extend([0xba, 0xf8, 0x03, 0x00, 0x00]); // mov edx, 0x3f8
    for byte in MARK {
        code.extend([0xb0, *byte, 0xee]); // mov al, byte; out dx, al
    }
    for register in [0xf0, 0xf8] {
        code.extend([0x89, register]); // mov eax, esi or edi
        for _ in 0..4 {
            code.extend([0xee, 0xc1, 0xe8, 0x08]); // out dx, al; shr eax, 8
        }
    }
    let from = address + code.len() as u32 + 5;
    code.push(0xe9); // jmp entry
    code.extend(entry.wrapping_sub(from).to_le_bytes());
    code
}
