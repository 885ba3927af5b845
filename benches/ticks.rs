//! Counts from a kernel's entry: puts a few instructions before the PVH entry of any kernel that
//! write the time-stamp counter to the first serial port. The kernel itself is not changed.

/// The mark before the eight bytes of the counter.
pub const MARK: &[u8] = b"\x01TSC:";

/// `kernel`, a 64-bit ELF with a PVH note, with its entry counted.
pub fn instrument(kernel: &[u8]) -> Result<Vec<u8>, String> {
    let mut elf = kernel.to_vec();
    let bad = || "the kernel is no 64-bit ELF with a PVH note".to_string();
    if elf.get(..5) != Some(b"\x7fELF\x02") {
        return Err(bad());
    }
    let (table, entry_size) = (quad(&elf, 32)? as usize, usize::from(half(&elf, 54)?));
    let count = usize::from(half(&elf, 56)?);
    let mut headers = elf.get(table..table + entry_size * count).ok_or_else(bad)?.to_vec();
    let mut note = None;
    let mut end = 0;
    for header in headers.chunks(entry_size) {
        match word(header, 0)? {
            1 => end = end.max(quad(header, 24)? + quad(header, 40)?),
            4 => note = note.or(find_entry(&elf, quad(header, 8)? as usize, quad(header, 32)? as usize)),
            _ => {}
        }
    }
    let at = note.ok_or_else(bad)?;
    let entry = word(&elf, at)?;
    // Behind everything the kernel was linked to: memory that it takes for free later.
    let address = end.next_multiple_of(4096) + 0x1_0000;
    let code = stub(entry, u32::try_from(address).map_err(|_| bad())?);
    let offset = elf.len().next_multiple_of(4096);
    elf.resize(offset, 0);
    elf.extend_from_slice(&code);
    elf.resize(elf.len().next_multiple_of(8), 0);
    let size = code.len() as u64;
    for (value, width) in
        [(1, 4), (5, 4), (offset as u64, 8), (address, 8), (address, 8), (size, 8), (size, 8), (4096, 8)]
    {
        headers.extend_from_slice(&u64::to_le_bytes(value)[..width]);
    }
    let new_table = elf.len() as u64;
    elf.extend_from_slice(&headers);
    elf[32..40].copy_from_slice(&new_table.to_le_bytes());
    elf[56..58].copy_from_slice(&(count as u16 + 1).to_le_bytes());
    elf[at..at + 4].copy_from_slice(&(address as u32).to_le_bytes());
    Ok(elf)
}

/// The address at which a kernel is entered (physical, PVH).
pub fn entry(elf: &[u8]) -> Result<u32, String> {
    let (table, entry_size) = (quad(elf, 32)? as usize, usize::from(half(elf, 54)?));
    let headers = elf.get(table..).ok_or_else(cut)?.chunks_exact(entry_size.max(1));
    for header in headers.take(usize::from(half(elf, 56)?)) {
        if word(header, 0)? == 4
            && let Some(at) = find_entry(elf, quad(header, 8)? as usize, quad(header, 32)? as usize)
        {
            return word(elf, at);
        }
    }
    Err("the kernel has no PVH note".to_string())
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

/// Where the entry address of the Xen note of type 18 is in the file.
fn find_entry(elf: &[u8], mut at: usize, size: usize) -> Option<usize> {
    let end = at + size;
    while at + 12 <= end {
        let (name, description) = (word(elf, at).ok()? as usize, word(elf, at + 4).ok()? as usize);
        let value = at + 12 + name.next_multiple_of(4);
        if word(elf, at + 8).ok()? == 18 && elf.get(at + 12..at + 16) == Some(b"Xen\0") {
            return Some(value);
        }
        at = value + description.next_multiple_of(4);
    }
    None
}

fn half(bytes: &[u8], at: usize) -> Result<u16, String> {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes).ok_or_else(cut)
}

fn word(bytes: &[u8], at: usize) -> Result<u32, String> {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes).ok_or_else(cut)
}

fn quad(bytes: &[u8], at: usize) -> Result<u64, String> {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes).ok_or_else(cut)
}

fn cut() -> String {
    "the kernel's ELF headers are cut short".to_string()
}
