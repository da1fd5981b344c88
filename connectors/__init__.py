"""The doors to partners: renderings in an agency's words, and ways for bytes to travel. Imports `protocols` only."""
