"""How each agency wants to hear it: sections and headings as data, and three pure ways to write them down."""
