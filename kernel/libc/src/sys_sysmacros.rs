//! sys/sysmacros.h (claimed by the text helper).
