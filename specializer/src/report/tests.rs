//! Golden files: what a person reads. `INSTA_UPDATE=always cargo test` rewrites them.

use std::collections::BTreeMap;

use super::*;

fn column(title: &str, how: &str, [file, text, rodata, data, bss]: [u64; 5], rows: [u64; 2]) -> Column {
    Column {
        title: title.into(),
        how: how.into(),
        file,
        text,
        rodata,
        data,
        bss,
        memory: text + rodata + data + bss,
        functions: text / 200,
        exports: file / 1000,
        rows: BTreeMap::from([("block".to_owned(), rows[0]), ("console".to_owned(), rows[1])]),
    }
}

fn report() -> Report {
    let group = |name: &str, full, kept| GroupBytes { name: name.into(), full, kept };
    let names =
        ["close", "dlopen", "free", "getenv", "malloc", "open", "poll", "read", "recv", "send", "stat"];
    let evidence = names.iter().chain(&["time", "write"]).enumerate().map(|(at, name)| EvidenceLine {
        kind: "dlsym name".into(),
        what: (*name).into(),
        object: "redis-server".into(),
        address: 0x4000 + 16 * at as u64,
    });
    Report {
        format: FORMAT,
        app: "redis-server".into(),
        profile: "kvm".into(),
        effort: "balanced".into(),
        root: Some("rofs:disk".into()),
        output: "redis-server.kernel.elf".into(),
        identity: "00ff".repeat(16),
        objects: ["redis-server", "libsystemd.so.0", "libjemalloc.so.2"].map(str::to_owned).to_vec(),
        columns: vec![
            column("full kernel", "every export", [812_344, 500_000, 200_000, 12_000, 60_000], [2, 3]),
            column("conventional", "gc-sections", [700_001, 400_000, 180_000, 11_000, 50_000], [2, 3]),
            column("specialized", "this one", [310_000, 200_000, 60_000, 4_000, 20_000], [1, 0]),
        ],
        tables: vec![
            TableRows {
                kind: "block".into(),
                live: true,
                kept: vec!["virtio-blk".into()],
                dropped: vec!["nvme".into()],
            },
            TableRows { kind: "net".into(), live: false, kept: vec![], dropped: vec!["virtio-net".into()] },
        ],
        groups: vec![
            group("network", 120_000, 0),
            group("libc stdio", 80_000, 41_000),
            group("file systems", 60_000, 9_000),
            group("driver nvme", 300, 0),
            group("libc grp", 120, 20),
        ],
        causes: vec![
            Cause { name: "rows not in the profile".into(), bytes: 100_000 },
            Cause { name: "layout".into(), bytes: -300 },
        ],
        roots: vec![
            RootCount { reason: "imports".into(), count: 232, bytes: 200_000 },
            RootCount { reason: "boot entry".into(), count: 1, bytes: 30_000 },
        ],
        evidence: evidence.collect(),
        assumptions: vec![
            "dlsym is only asked for names that stand in the data of the objects that call it; another name is \
             reported on the console with the flag that adds it"
                .into(),
        ],
        missing: vec![MissingLine {
            symbol: "epoll_pwait2@GLIBC_2.35".into(),
            by: vec!["libevent-2.1.so.7".into()],
            effect: "the kernel stops and names it if it is called".into(),
        }],
        notes: vec!["liba.so and libb.so need each other".into()],
    }
}

#[test]
fn text_fits_a_terminal_of_100_columns() {
    let text = text(&report());
    insta::assert_snapshot!("report_text", text);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");
}

#[test]
fn markdown_is_as_it_was() {
    insta::assert_snapshot!("report_markdown", markdown(&report()));
}

#[test]
fn html_is_as_it_was_and_asks_for_nothing() {
    let page = html(&report());
    assert!(!page.contains("http") && !page.contains("<script"));
    insta::assert_snapshot!("report_html", page);
}

#[test]
fn json_reads_back() {
    let text = json(&report());
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report());
    insta::assert_snapshot!("report_json", text);
}

#[test]
fn names_of_files_cannot_become_markup() {
    let report = Report { app: "<script>|`*".into(), ..report() };
    assert!(html(&report).contains("&lt;script&gt;"));
    assert!(markdown(&report).contains("\\<script>\\|\\`\\*"));
}

#[test]
fn a_difference_names_what_vanished_appeared_and_changed() {
    let side = |name: &str, sizes: [u64; 5], symbols: &[(&str, u64)]| diff::Side {
        name: name.into(),
        column: column("", "", sizes, [0, 0]),
        symbols: symbols.iter().map(|&(name, size)| (name.to_owned(), size)).collect(),
    };
    let before = side("a.elf", [9000, 5000, 2000, 100, 60], &[("printf", 900), ("close", 40), ("same", 7)]);
    let after = side("b.elf", [8000, 4000, 2000, 100, 60], &[("printf", 500), ("open", 90), ("same", 7)]);
    insta::assert_snapshot!("diff_text", diff::diff(&before, &after).text(20));
}
