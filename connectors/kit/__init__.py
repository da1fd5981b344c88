"""The conformance kit: checks that anyone who writes a connector runs from their own tests. See docs/connectors.md."""
