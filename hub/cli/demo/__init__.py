"""The demonstration: an embedded hub and receiving agencies, all on this machine."""
