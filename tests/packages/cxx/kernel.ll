; The kernel's own module: constructors, a table of drivers, a tunable, aliases, a weak function that
; the library overrides, COMDATs, an ifunc, assembly.
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

module asm ".section .text.entry,\22ax\22,@progbits"
module asm ".globl entry"
module asm "entry: call start"
module asm "hlt"
module asm ".text"

$_ZN6Driver4nameEv = comdat any
$_ZTV6Driver = comdat any

@drivers = global [2 x ptr] [ptr @disk_driver, ptr @net_driver]
@log_level = global i32 3
@disk_driver = constant { ptr } { ptr @disk_probe }
@net_driver = constant { ptr } { ptr @net_probe }
@counter = internal global i32 0
@_ZTV6Driver = linkonce_odr unnamed_addr constant { [3 x ptr] } { [3 x ptr] [ptr null, ptr null, ptr @_ZN6Driver4nameEv] }, comdat
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @construct, ptr null }]

@open64 = alias i32 (), ptr @open
@memory_copy = ifunc void (), ptr @choose_copy

declare void @from_library()

define internal void @construct() {
  ; Volatile, or the optimiser would run the constructor itself.
  store volatile i32 7, ptr @counter
  ret void
}

@specialize_exports = external global i8
@specialize_exports_count = external global i32

define ptr @start() {
  %count = load i32, ptr @specialize_exports_count
  %end = getelementptr [20 x i8], ptr @specialize_exports, i32 %count
  ret ptr %end
}

define i32 @open() {
  %driver = load ptr, ptr @drivers
  %null = icmp eq ptr %driver, null
  br i1 %null, label %none, label %some
some:
  %probe = load ptr, ptr %driver
  %found = call i32 %probe()
  ret i32 %found
none:
  ret i32 -1
}

define internal i32 @disk_probe() {
  ret i32 1
}

define internal i32 @net_probe() {
  %count = load i32, ptr @counter
  ret i32 %count
}

define void @log() {
  %level = load i32, ptr @log_level
  %loud = icmp ugt i32 %level, 5
  br i1 %loud, label %say, label %done
say:
  call void @say_it()
  br label %done
done:
  ret void
}

define internal void @say_it() noinline {
  store volatile i32 1, ptr @counter
  ret void
}

define weak i32 @choose() {
  ret i32 1
}

define i32 @chosen() {
  %choice = call i32 @choose()
  ret i32 %choice
}

define linkonce_odr i32 @_ZN6Driver4nameEv() comdat {
  ret i32 11
}

define ptr @make_driver() {
  ret ptr getelementptr inbounds ({ [3 x ptr] }, ptr @_ZTV6Driver, i32 0, i32 0, i32 2)
}

define internal void @fast_copy() {
  ret void
}

define internal void @slow_copy() {
  store volatile i32 0, ptr @counter
  ret void
}

define internal ptr @choose_copy() {
  %feature = load volatile i32, ptr @counter
  %fast = icmp eq i32 %feature, 1
  %choice = select i1 %fast, ptr @fast_copy, ptr @slow_copy
  ret ptr %choice
}

define void @copy() {
  call void @memory_copy()
  ret void
}

define void @uses_library() {
  call void @from_library()
  ret void
}
