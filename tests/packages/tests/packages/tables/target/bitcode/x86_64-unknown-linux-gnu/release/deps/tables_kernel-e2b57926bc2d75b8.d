/tmp/w/back/tests/packages/tables/../tests/packages/tables/target/bitcode/x86_64-unknown-linux-gnu/release/deps/tables_kernel-e2b57926bc2d75b8.d: src/lib.rs

/tmp/w/back/tests/packages/tables/../tests/packages/tables/target/bitcode/x86_64-unknown-linux-gnu/release/deps/libtables_kernel-e2b57926bc2d75b8.a: src/lib.rs

src/lib.rs:
