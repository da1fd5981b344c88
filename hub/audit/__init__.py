"""The audit room: every act that matters becomes an entry in a log that a stranger can verify."""
