use kcore::irq::Trigger;

use super::dsdt;
use super::find::{Location, locations, parse};

#[test]
fn devices_are_read_from_the_command_line() {
    let line = b"root=disk -- /bin/p virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=4K@0xd0000000:5";
    let found: Vec<Location> = locations(line).collect();
    let first = Location { address: 0xfeb0_0e00, size: 512, interrupt: 12, trigger: Trigger::Edge };
    let second = Location { address: 0xd000_0000, size: 4096, interrupt: 5, trigger: Trigger::Edge };
    assert_eq!(found, [first, second]);
    assert_eq!(parse(b"512@0xfeb00e00:12:3"), Some(first));
    for wrong in ["", "512", "512@", "512@0x", "512@1:", "512@1:x", "512@1:99999999999", "x@1:2", "512@1:2;"]
    {
        assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
    }
}

#[test]
fn devices_are_found_in_the_dsdt() {
    // As QEMU's microvm writes them: name, identity, resources.
    let device = |address: u32, interrupt: u32, flags: u8| {
        let mut bytes = b"\x5b\x82\x41VR00\x08_HID\x0dLNRO0005\0\x08_CRS\x11\x1a\x0a\x17".to_vec();
        bytes.extend([0x86, 9, 0, 1]);
        bytes.extend(address.to_le_bytes());
        bytes.extend(512u32.to_le_bytes());
        bytes.extend([0x89, 6, 0, flags, 1]);
        bytes.extend(interrupt.to_le_bytes());
        bytes.extend([0x79, 0]);
        bytes
    };
    let mut table = vec![0; 36];
    table.extend(device(0xfeb0_0000, 16, 1));
    table.extend(b"\x08_HID\x0dLNRO0005\0");
    table.extend(device(0xfeb0_0200, 17, 0b111));
    let found: Vec<Location> = dsdt::locations(&table).collect();
    let place = |address, interrupt, trigger| Location { address, size: 512, interrupt, trigger };
    assert_eq!(found, [place(0xfeb0_0000, 16, Trigger::LevelHigh), place(0xfeb0_0200, 17, Trigger::Edge)]);
    for length in 0..table.len() {
        let _ = dsdt::locations(&table[..length]).count();
    }
}
