//! netinet/ether.h (claimed by the text helper).
