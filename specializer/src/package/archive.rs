//! Writes `ar` archives with the symbol table that a linker looks members up by (the System V
//! format: member `/` holds big-endian offsets and NUL-terminated names).

use super::cargo::defined;

/// An archive of these members, by name and contents. Names of at most 15 bytes.
pub(super) fn write(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let symbols: Vec<Vec<String>> =
        members.iter().map(|(_, bytes)| defined(bytes).into_iter().collect()).collect();
    let count: usize = symbols.iter().map(Vec::len).sum();
    let names: usize = symbols.iter().flatten().map(|name| name.len() + 1).sum();
    let table_size = 4 + 4 * count + names;
    let mut place = 8 + HEADER + table_size.next_multiple_of(2);
    let mut table = (count as u32).to_be_bytes().to_vec();
    for ((_, bytes), symbols) in members.iter().zip(&symbols) {
        table.extend(std::iter::repeat_n((place as u32).to_be_bytes(), symbols.len()).flatten());
        place += HEADER + bytes.len().next_multiple_of(2);
    }
    for name in symbols.iter().flatten() {
        table.extend_from_slice(name.as_bytes());
        table.push(0);
    }
    let mut archive = b"!<arch>\n".to_vec();
    member(&mut archive, "/", &table);
    for (name, bytes) in members {
        member(&mut archive, &format!("{name}/"), bytes);
    }
    archive
}

const HEADER: usize = 60;

fn member(archive: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, bytes.len());
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(bytes);
    if bytes.len() % 2 == 1 {
        archive.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use object::read::archive::ArchiveFile;

    #[test]
    fn what_is_written_is_read() {
        let members = [("a.o".to_owned(), vec![1, 2, 3]), ("b.o".to_owned(), vec![4])];
        let bytes = super::write(&members);
        let archive = ArchiveFile::parse(&*bytes).unwrap();
        let read = archive.members().map(|member| {
            let member = member.unwrap();
            (String::from_utf8_lossy(member.name()).into_owned(), member.data(&*bytes).unwrap().to_vec())
        });
        assert_eq!(read.collect::<Vec<_>>(), members);
    }
}
