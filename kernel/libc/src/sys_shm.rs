//! sys/shm.h (claimed by the text helper).
