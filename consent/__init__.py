"""The decision engine: facts and rules in, a decision with its reasons out. Pure; imports `protocols` only."""
