//! mqueue.h (claimed by the text helper).
