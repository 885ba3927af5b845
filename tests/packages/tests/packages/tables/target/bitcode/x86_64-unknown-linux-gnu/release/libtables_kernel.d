/tmp/w/back/tests/packages/tables/../tests/packages/tables/target/bitcode/x86_64-unknown-linux-gnu/release/libtables_kernel.a: /tmp/w/back/tests/packages/tables/src/lib.rs
