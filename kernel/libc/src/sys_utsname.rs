//! sys/utsname.h (claimed by the text helper).
