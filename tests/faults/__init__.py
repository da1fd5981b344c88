"""What a network and a partner can do to one attempt, on purpose, and what the hub makes of it."""
