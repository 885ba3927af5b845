//! sys/sem.h (claimed by the text helper).
