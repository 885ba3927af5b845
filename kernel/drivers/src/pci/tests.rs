use super::mcfg::{Ecam, parse};

#[test]
fn the_table_says_where_configuration_space_is() {
    let mut table = vec![0; 44];
    assert_eq!(parse(&table), None);
    table.extend([0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0]);
    assert_eq!(parse(&table), Some(Ecam { base: 0xb000_0000, first_bus: 0, last_bus: 255 }));
    table[52] = 1;
    assert_eq!(parse(&table), None, "another segment");
    table.extend([0, 0x10, 0, 0xc0, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0]);
    assert_eq!(parse(&table), Some(Ecam { base: 0xc000_1000, first_bus: 3, last_bus: 4 }));
    assert_eq!(parse(&table[..70]), None);
}
