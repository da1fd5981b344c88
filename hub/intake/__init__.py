"""What comes in: read strictly, kept sealed, and never taken twice."""
