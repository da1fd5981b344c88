"""The HTTP entrance: reads strictly, calls one flow, answers plainly. OpenAPI 3.1."""
