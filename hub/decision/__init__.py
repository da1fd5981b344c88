"""The gate. The only room that calls the decision engine."""
