//! TCP between two stacks over a link that loses, repeats, reorders and damages packets.

mod link;

use link::streams::{exchange, pair};
use link::{MS, SECOND, Treatment, World};
use net::Family;

#[test]
fn a_connection_carries_bytes_both_ways_in_both_families() {
    for family in [Family::V4, Family::V6] {
        for tso in [false, true] {
            let mut world = World::new(Treatment { delay: MS, ..Treatment::default() }, 1, tso, 1500);
            let (client, server, _) = pair(&mut world, family);
            let took = exchange(&mut world, &client, &server, 3_000_000, 60 * SECOND);
            assert!(took < 2 * SECOND, "{took}");
            assert_eq!(client.info().total_retransmits + server.info().total_retransmits, 0);
            let longest = world.wire.lock().unwrap().longest;
            assert_eq!(longest > 20_000, tso, "{longest}");
        }
    }
}

#[test]
fn every_byte_arrives_however_the_link_treats_packets() {
    let chances = [
        Treatment { drop: 20, ..Treatment::default() },
        Treatment { drop: 150, ..Treatment::default() },
        Treatment { duplicate: 200, ..Treatment::default() },
        Treatment { reorder: 200, ..Treatment::default() },
        Treatment { corrupt: 50, ..Treatment::default() },
        Treatment { truncate: 50, ..Treatment::default() },
        Treatment {
            drop: 30,
            duplicate: 30,
            reorder: 100,
            corrupt: 20,
            truncate: 20,
            ..Treatment::default()
        },
    ];
    for (number, chance) in chances.into_iter().enumerate() {
        for family in [Family::V4, Family::V6] {
            for tso in [false, true] {
                for delay in [MS / 10, 20 * MS] {
                    let treatment = Treatment { delay, per_byte: 20, ..chance };
                    let mut world = World::new(treatment, 77 + number as u64, tso, 1500);
                    let (client, server, _) = pair(&mut world, family);
                    exchange(&mut world, &client, &server, 1_000_000, 900 * SECOND);
                }
            }
        }
    }
}
