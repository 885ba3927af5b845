; A second module: overrides the weak function, shares a COMDAT, has an internal symbol of the same name.
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

$_ZN6Driver4nameEv = comdat any

@counter = internal global i32 5

define i32 @choose() {
  ret i32 2
}

define linkonce_odr i32 @_ZN6Driver4nameEv() comdat {
  ret i32 11
}

define void @from_library() {
  %old = load i32, ptr @counter
  %new = add i32 %old, 1
  store i32 %new, ptr @counter
  ret void
}
