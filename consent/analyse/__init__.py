"""What can be proved of a rule set: every combination of facts at once, missing ones included. Pure."""
