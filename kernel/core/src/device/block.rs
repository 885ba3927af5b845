//! Block devices: the rows of `table_block`.

use alloc::sync::Arc;

use crate::errno::Result;

/// Bytes in a sector, whatever the device's own block size.
pub const SECTOR: usize = 512;

/// A disk.
pub trait Block: Send + Sync {
    /// Sectors of 512 bytes.
    fn sectors(&self) -> u64;

    /// Reads from `sector` on into `buffers`, each a multiple of 512 bytes in the direct map (heap
    /// or page memory). Sleeps meanwhile; others may read at the same time. `EIO` if the device
    /// fails or the range is not on it.
    fn read(&self, sector: u64, buffers: &mut [&mut [u8]]) -> Result<()>;

    /// The device as one that can be written; none if it is read only.
    fn writable(&self) -> Option<&dyn WritableBlock> {
        None
    }
}

/// A disk that can be written.
pub trait WritableBlock {
    /// Writes from `sector` on; as for reading.
    fn write(&self, sector: u64, buffers: &[&[u8]]) -> Result<()>;
    /// Makes what was written last.
    fn flush(&self) -> Result<()>;
}

/// A driver of block devices.
pub struct BlockDriver {
    /// The device number `index` that this driver finds; none when there are no more.
    pub probe: fn(index: usize) -> Option<Arc<dyn Block>>,
}

super::table!("table_block", BlockDriver, 1);

/// The disk number `index`, over all drivers in order.
pub fn find(index: usize) -> Option<Arc<dyn Block>> {
    let mut left = index;
    for row in rows() {
        let mut own = 0;
        while let Some(device) = (row.probe)(own) {
            if left == 0 {
                return Some(device);
            }
            left -= 1;
            own += 1;
        }
    }
    None
}
