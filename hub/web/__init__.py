"""Server-rendered pages. Today: the front page; case work comes through the API."""
