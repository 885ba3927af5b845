//! Unwind tables, of which each function has its own records in one section (LSB, "Exception Frames").

use object::LittleEndian as LE;
use object::read::elf::SectionHeader as _;

use super::write::Output;
use super::{LivePartError, Part};

impl<'d> Part<'d> {
    /// The unwind tables of kept functions. What those need (language-specific data) is kept, too.
    pub(super) fn unwind_tables(&mut self) -> Result<Vec<Output<'d>>, LivePartError> {
        let mut outputs = Vec::new();
        for (was, header) in self.sections.enumerate() {
            if self.sections.section_name(LE, header)? != b".eh_frame" {
                continue;
            }
            let data = header.data(LE, self.bytes)?;
            let records = records(data)?;
            let relocations = self.relocations[was.0];
            let of = |record: &Record| {
                let from = relocations.partition_point(|r| r.r_offset.get(LE) < record.start as u64);
                let to = relocations.partition_point(|r| r.r_offset.get(LE) < record.end as u64);
                &relocations[from..to]
            };
            let mut wanted = vec![false; records.len()];
            loop {
                let mut grew = false;
                for (at, record) in records.iter().enumerate() {
                    let (false, Some(common)) = (wanted[at], record.common) else { continue };
                    let function = of(record).first().map(|first| self.target(first)).transpose()?.flatten();
                    if !function.is_some_and(|section| self.kept[section.0]) {
                        continue;
                    }
                    grew = true;
                    let common = records.iter().position(|other| other.start == common);
                    let common = common.ok_or(LivePartError::Unwind(record.start))?;
                    for at in [common, at] {
                        wanted[at] = true;
                        for relocation in of(&records[at]) {
                            if let Some(target) = self.target(relocation)? {
                                self.keep(target)?;
                            }
                        }
                    }
                    self.keep_references()?;
                }
                if !grew {
                    break;
                }
            }
            let (mut kept, mut moved) = (Vec::new(), Vec::new());
            let mut places = std::collections::HashMap::new();
            for record in records.iter().zip(&wanted).filter(|(_, wanted)| **wanted).map(|(record, _)| record)
            {
                let start = kept.len();
                places.insert(record.start, start);
                kept.extend_from_slice(&data[record.start..record.end]);
                if let Some(common) = record.common.and_then(|common| places.get(&common)) {
                    kept[start + 4..start + 8].copy_from_slice(&((start + 4 - common) as u32).to_le_bytes());
                }
                moved.extend(of(record).iter().map(|relocation| {
                    let mut relocation = *relocation;
                    relocation
                        .r_offset
                        .set(LE, relocation.r_offset.get(LE) - record.start as u64 + start as u64);
                    relocation
                }));
            }
            let name = b".eh_frame";
            outputs.push(Output { header, name, data: kept.into(), relocations: moved.into(), was });
        }
        Ok(outputs)
    }
}

/// One record of `.eh_frame`, from its length to its end.
pub(super) struct Record {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where the record is that it shares with others; `None` for such a record itself.
    pub(super) common: Option<usize>,
}

/// The records of `.eh_frame` (LSB, "Exception Frames"): each a length, then zero or the distance back to the
/// common record, then its contents.
pub(super) fn records(data: &[u8]) -> Result<Vec<Record>, LivePartError> {
    let mut records = Vec::new();
    let mut start = 0;
    let word = |at: usize| {
        let bytes = data.get(at..at + 4).ok_or(LivePartError::Unwind(at))?;
        Ok::<_, LivePartError>(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    };
    while start < data.len() {
        let length = word(start)?;
        if length == 0 {
            break;
        }
        let end = start + 4 + length;
        let back = word(start + 4)?;
        if end > data.len() || length < 4 || back > start + 4 {
            return Err(LivePartError::Unwind(start));
        }
        records.push(Record { start, end, common: (back != 0).then(|| start + 4 - back) });
        start = end;
    }
    Ok(records)
}
