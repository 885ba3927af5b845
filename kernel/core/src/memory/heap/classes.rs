//! Size classes: 16 bytes apart up to 128, then four to a doubling.

/// The largest object, in bytes.
pub(crate) const LARGEST: usize = 8192;
/// How many classes there are.
pub(crate) const COUNT: usize = index(LARGEST) + 1;

/// The class for objects of `size` bytes, which is from 1 to [`LARGEST`].
pub(crate) const fn index(size: usize) -> usize {
    if size <= 128 {
        return (size - 1) / 16;
    }
    // 129..=256 is doubling 0, and within it steps of a fourth.
    let doubling = (size - 1).ilog2() as usize - 7;
    let step = ((size - 1) >> (doubling + 5)) & 3;
    8 + doubling * 4 + step
}

/// The size of the objects of a class.
pub(crate) const fn size(class: usize) -> usize {
    if class < 8 {
        return (class + 1) * 16;
    }
    let (doubling, step) = ((class - 8) / 4, (class - 8) % 4);
    (5 + step) << (doubling + 5)
}

/// log2 of the pages of a span: at least seven objects each.
pub(crate) const fn span_order(class: usize) -> u32 {
    let size = size(class);
    if size <= 512 { 0 } else { (size - 1).ilog2() - 8 }
}

/// How many objects move at a time between a processor's cache and the spans, at most.
pub(crate) const fn largest_batch(class: usize) -> u16 {
    match size(class) {
        0..=1024 => 32,
        1025..=4096 => 16,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_gets_the_smallest_class_that_holds_it() {
        for bytes in 1..=LARGEST {
            let class = index(bytes);
            assert!(size(class) >= bytes && (class == 0 || size(class - 1) < bytes), "{bytes}");
            assert_eq!(size(class) % 16, 0);
        }
        assert_eq!(size(COUNT - 1), LARGEST);
        assert_eq!(COUNT, 32);
    }

    #[test]
    fn spans_hold_at_least_seven_objects() {
        for class in 0..COUNT {
            assert!((4096 << span_order(class)) / size(class) >= 8);
        }
    }
}
