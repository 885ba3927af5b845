use super::find::{Location, locations, parse};

#[test]
fn devices_are_read_from_the_command_line() {
    let line = b"root=disk -- /bin/p virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=4K@0xd0000000:5";
    let found: Vec<Location> = locations(line).collect();
    let first = Location { address: 0xfeb0_0e00, size: 512, interrupt: 12 };
    let second = Location { address: 0xd000_0000, size: 4096, interrupt: 5 };
    assert_eq!(found, [first, second]);
    assert_eq!(parse(b"512@0xfeb00e00:12:3"), Some(first));
    for wrong in ["", "512", "512@", "512@0x", "512@1:", "512@1:x", "512@1:99999999999", "x@1:2", "512@1:2;"]
    {
        assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
    }
}
