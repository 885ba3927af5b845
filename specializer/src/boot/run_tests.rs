//! Runs against stand-ins for QEMU: small shell scripts that act as a guest's console would.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

/// A plan whose QEMU is this script; `$nonce` is the nonce that it was told.
fn plan(directory: &Path, script: &str) -> RunPlan {
    let qemu = directory.join("qemu");
    let find = r#"nonce=$(printf '%s\n' "$@" | sed -n 's/.*nonce=\([0-9a-f]*\).*/\1/p')"#;
    std::fs::write(&qemu, format!("#!/bin/sh\n{find}\n{script}\n")).unwrap();
    std::fs::set_permissions(&qemu, std::fs::Permissions::from_mode(0o755)).unwrap();
    let command_line = CommandLine { program: b"/hello".to_vec(), ..CommandLine::default() };
    let mut plan = RunPlan::new("kernel.elf".into(), Machine::Q35, command_line);
    plan.qemu = qemu.into();
    plan.accelerator = Some(Accelerator::Tcg);
    plan
}

#[test]
fn the_console_passes_unchanged_and_the_record_gives_the_status() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(directory.path(), r#"printf 'a\000b\r\nc\036specialize exit=200 nonce=%s\036\n' $nonce"#);
    let mut out = Vec::new();
    let outcome = run(&plan, &mut out).unwrap();
    assert_eq!(out, b"a\0b\r\nc");
    assert_eq!((outcome.status, outcome.powered_off), (ExitStatus::Exited(200), true));
}

#[test]
fn a_guest_without_a_record_is_an_error_that_shows_the_console() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(directory.path(), "echo the last words; echo a complaint >&2");
    let mut out = Vec::new();
    let error = run(&plan, &mut out).unwrap_err().to_string();
    assert_eq!(out, b"the last words\n");
    assert!(error.contains("\n  | the last words") && error.contains("qemu: a complaint"), "{error}");
}

#[test]
fn a_guest_that_hangs_is_stopped_at_the_deadline() {
    let directory = tempfile::tempdir().unwrap();
    let mut plan = plan(directory.path(), "echo booting; exec sleep 60");
    plan.deadline = Some(Duration::from_millis(300));
    let started = Instant::now();
    let error = run(&plan, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, RunError::Deadline(..)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(error.to_string().contains("| booting"));
}

#[test]
fn a_cancelled_run_stops_the_guest() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(directory.path(), "exec sleep 60");
    plan.stop.store(1, Ordering::Relaxed);
    assert!(matches!(run(&plan, &mut Vec::new()), Err(RunError::Cancelled)));
}

#[test]
fn a_missing_qemu_has_a_hint() {
    let directory = tempfile::tempdir().unwrap();
    let mut plan = plan(directory.path(), "");
    plan.qemu = "/no/such/qemu".into();
    let error = run(&plan, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, RunError::NoQemu(_)));
    assert!(error.hint().is_some_and(|hint| hint.contains("qemu-system-x86")));
}

#[test]
fn a_guest_that_heeds_the_power_button_ends_in_order() {
    let directory = tempfile::tempdir().unwrap();
    // The stand-in reads its monitor, and ends by the signal that the button stands for.
    let script = r#"fd=$(printf '%s\n' "$@" | sed -n 's/socket,id=monitor,fd=//p')
        while read -r line <&$fd; do case $line in *system_powerdown*) break;; esac; done
        printf 'bye\036specialize signal=15 nonce=%s\036\n' $nonce"#;
    let mut plan = plan(directory.path(), script);
    plan.power_button = true;
    plan.stop.store(1, Ordering::Relaxed);
    let mut out = Vec::new();
    let outcome = run(&plan, &mut out).unwrap();
    assert_eq!((out.as_slice(), outcome.status), (&b"bye"[..], ExitStatus::Signalled(15)));
}

#[test]
fn the_second_time_a_guest_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut plan = plan(directory.path(), "exec sleep 60");
    plan.power_button = true;
    plan.stop.store(1, Ordering::Relaxed);
    let stop = plan.stop.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        stop.store(2, Ordering::Relaxed);
    });
    let started = Instant::now();
    assert!(matches!(run(&plan, &mut Vec::new()), Err(RunError::Cancelled)));
    assert!(started.elapsed() >= Duration::from_millis(250));
}
