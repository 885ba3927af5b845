//! sys/random.h (claimed by the text helper).
